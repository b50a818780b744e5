using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Apps;
using Tenantry.Server.Engine;
using Tenantry.Server.LlmKeys;
using Tenantry.Server.Secrets;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;
using Tenantry.Server.Store.Rows;
using Tenantry.Server.Targets;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Instances;

/// <summary>Instances: what is wanted of them and what was seen.</summary>
internal static class InstancesApi
{
    private static readonly TimeSpan EnginePatience = TimeSpan.FromSeconds(1);

    public static void MapInstances(this IEndpointRouteBuilder routes)
    {
        var instances = routes.MapGroup("/instances").WithTags("Instances");
        routes.MapGet("/fleet", FleetApi.CountAsync).Takes(FleetApi.Filters).WithTags("Instances");
        routes.MapGet("/fleet/costs", FleetApi.ListCostsAsync).Paged().Takes(FleetApi.Filters).Takes("offset", "sort").WithTags("Instances");
        instances.MapGet("", FleetApi.ListAsync).Paged().Takes(FleetApi.Filters).Takes("offset", "sort");
        instances.MapGet("/{slug}", GetAsync);
        instances.MapPost("", CreateAsync).Changes("instance.create");
        instances.MapPatch("/{slug}", UpdateAsync).Changes("instance.update").NeedsVersion();
        instances.MapDelete("/{slug}", DeleteAsync).Changes("instance.delete").TakesVersion();
        instances.MapGet("/{slug}/plan", PlanAsync);
        instances.MapPost("/{slug}/plan", ManifestPlanApi.PlanAsync).BodyUpTo(AppsApi.LongestManifest);
        instances.MapVerbs();
        instances.MapStreams();
        instances.MapData();
        instances.MapWebhooks();
        instances.MapSecrets("/{slug}", "scope");
        instances.MapLlm();
        instances.MapGet("/{slug}/looks", LooksApi.ListAsync).Paged();
        instances.MapGet("/{slug}/holder", HolderApi.GetAsync);
        instances.MapDelete("/{slug}/holder/{id}", HolderApi.BreakAsync).Changes("instance.unlock");
        instances.MapGet("/{slug}/wakes", WakesApi.ListAsync).Takes("limit");
    }

    /// <summary>The instance of a slug, or a 404.</summary>
    public static async Task<InstanceRecord> FindAsync(IStore store, string slug, CancellationToken cancellationToken) =>
        await store.FindInstanceBySlugAsync(slug, cancellationToken) ?? throw ProblemException.NotFound("instance", slug);

    private static async Task<Ok<InstanceDetailResponse>> GetAsync(
        string slug, IStore store, IEngineLink engine, HttpReleases http, ApiSettings settings, HttpContext context, CancellationToken cancellationToken)
    {
        var record = await FindAsync(store, slug, cancellationToken);
        ETags.Set(context, record.Spec.Generation);
        var whole = InstanceView.Whole(record, settings, await http.AmongAsync([record], cancellationToken));
        return TypedResults.Ok(whole with
        {
            Resources = [.. await LlmView.ResourcesAsync(store, record.Spec, cancellationToken), .. whole.Resources],
            Rest = await RestReasonAsync(engine, record.Spec.Id, cancellationToken),
            Wakes = await WakesApi.SummarizeAsync(store, record.Spec.Id, cancellationToken),
        });
    }

    // Told when the engine is there to tell it.
    private static async Task<string?> RestReasonAsync(IEngineLink engine, string id, CancellationToken cancellationToken)
    {
        try
        {
            var reason = await engine.ReadRestReasonAsync(id, cancellationToken).WaitAsync(EnginePatience, cancellationToken);
            return reason.Length == 0 ? null : reason;
        }
        catch (Exception failure) when (failure is EngineUnavailableException or TimeoutException)
        {
            return null;
        }
    }

    private static async Task<Results<Accepted<OperationResponse>, Ok<PlanResponse>>> CreateAsync(
        Body<CreateInstanceRequest> body, Change change, NewInstance newInstance, InstanceChanges changes, IStore store, IEngineLink engine, IReadOnlyList<TargetKind> kinds, PlanNotices notices, HttpContext context, CancellationToken cancellationToken)
    {
        var request = body.Value;
        change.Subject = $"instance of {request.App} for {request.Tenant}";
        var caller = Caller.Of(context);
        var (tenant, isNewTenant) = await newInstance.FindTenantAsync(request, caller, cancellationToken);
        change.Organization = tenant.Organization;
        var spec = await newInstance.ResolveAsync(request, tenant, caller, cancellationToken);
        change.Subject = $"instance {spec.Slug}";
        change.Detail = $"{(isNewTenant ? "new " : "")}tenant {spec.Tenant}, app {spec.App}, environment {spec.Environment}, release {spec.Release}";
        var newTenant = isNewTenant ? tenant : null;
        var newTarget = await newInstance.MissingTargetAsync(spec, cancellationToken);
        if (newTarget is not null && !caller.RunsPlatform)
            throw ProblemException.Conflict("No target is configured yet; the platform's operator adds one.");
        if (request.Adopt is not null)
            caller.MustPay("What is taken over");
        var question = new PlanQuestion(spec, newTenant, newTarget, request.Adopt is { } adopt ? new AdoptionSource(adopt.State, adopt.Variables) : null);
        if (change.IsDryRun)
        {
            await RefuseTwinAsync(spec, store, cancellationToken);
            await store.CheckQuotaAsync(null, spec, isWoken: false, cancellationToken);
            var plan = await engine.PlanAsync(question, cancellationToken);
            ChangeResponse[] tenants = isNewTenant ? [new ChangeResponse($"tenant {tenant.Name}", "", null, tenant.Name)] : [];
            string[] first = newTarget is null ? [] : [$"The target '{spec.Target}' (this machine) is added with its first instance."];
            return TypedResults.Ok(PlanResponse.Of([.. tenants, .. InstanceView.Differences(null, spec)], plan, [.. first, .. await notices.OfAsync(spec, cancellationToken)]));
        }

        if (newTarget is not null)
        {
            await newInstance.AddAsync(newTarget, cancellationToken);
            await TargetsApi.SettleAsync(newTarget, kinds, engine, cancellationToken);
        }

        if (question.Adopt is not null)
        {
            await RefuseTwinAsync(spec, store, cancellationToken);
            // Offered before it is wanted: whatever is cut off between them makes nothing anew.
            await change.BeginOutsideAsync();
            await engine.OfferAsync(question, cancellationToken);
        }

        return Accepted(await changes.CreateAsync(spec, newTenant, change.Actor, cancellationToken));
    }

    private static async Task<Results<Accepted<OperationResponse>, Ok<InstanceDetailResponse>, Ok<PlanResponse>>> UpdateAsync(
        string slug,
        Body<UpdateInstanceRequest> body,
        Change change,
        ChangedInstance changedInstance,
        InstanceChanges changes,
        IStore store,
        IEngineLink engine,
        PlanNotices notices,
        HttpReleases http,
        ApiSettings settings,
        HttpContext context,
        CancellationToken cancellationToken)
    {
        change.Subject = $"instance {slug}";
        var record = await FindAsync(store, slug, cancellationToken);
        change.RequireVersion(change.Subject, record.Spec.Generation);
        var wanted = await changedInstance.ResolveAsync(record.Spec, body.Value, cancellationToken);
        if (wanted.Tier != record.Spec.Tier)
            change.Caller.MustPay("A change of tier");
        var differences = InstanceView.Differences(record.Spec, wanted).ToArray();
        change.Changes = differences;
        if (change.IsDryRun)
        {
            await RefuseTakenHostsAsync(wanted, store, cancellationToken);
            await store.CheckQuotaAsync(record.Spec, wanted, isWoken: false, cancellationToken);
            var plan = await engine.PlanAsync(wanted with { Generation = record.Spec.Generation + 1 }, cancellationToken);
            return TypedResults.Ok(PlanResponse.Of(differences, plan, await notices.OfAsync(wanted, cancellationToken)));
        }

        ETags.Set(context, record.Spec.Generation);
        if (differences.Length == 0)
            return TypedResults.Ok(InstanceView.Whole(record, settings, await http.AmongAsync([record], cancellationToken)));
        change.Detail = string.Join("; ", differences.Select(d => $"{d.Field}: {d.From} -> {d.To}"));
        var operation = await changes.UpdateAsync(record.Spec, wanted, OperationKind.Update, change.Actor, cancellationToken);
        ETags.Set(context, operation.Generation);
        return Accepted(operation);
    }

    private static async Task<Results<Accepted<OperationResponse>, Ok<PlanResponse>>> DeleteAsync(
        string slug, Change change, InstanceChanges changes, IStore store, IEngineLink engine, CancellationToken cancellationToken)
    {
        change.Subject = $"instance {slug}";
        var record = await FindAsync(store, slug, cancellationToken);
        change.Expect(change.Subject, record.Spec.Generation);
        if (change.IsDryRun)
        {
            var plan = await engine.PlanAsync(
                record.Spec with { Desired = DesiredState.Deleted, Generation = record.Spec.Generation + 1 }, cancellationToken);
            return TypedResults.Ok(PlanResponse.Of([new ChangeResponse(change.Subject, "", slug, null)], plan, []));
        }

        return Accepted(await changes.DeleteAsync(record, change.Actor, cancellationToken) ?? throw ProblemException.NotFound("instance", slug));
    }

    private static async Task<Ok<PlanResponse>> PlanAsync(string slug, IStore store, IEngineLink engine, PlanNotices notices, CancellationToken cancellationToken)
    {
        var record = await FindAsync(store, slug, cancellationToken);
        Plan plan = await engine.PlanAsync(record.Spec, cancellationToken);
        return TypedResults.Ok(PlanResponse.Of([], plan, await notices.OfAsync(record.Spec, cancellationToken)));
    }

    private static async Task RefuseTwinAsync(InstanceSpec spec, IStore store, CancellationToken cancellationToken)
    {
        if (await store.FindInstanceBySlugAsync(spec.Slug, cancellationToken) is not null)
            throw ProblemException.Conflict($"The slug '{spec.Slug}' is taken by another instance.");
        var others = await store.ListInstancesAsync(new InstanceFilter(spec.Tenant, spec.App), new PageRequest(PageQuery.Largest), cancellationToken);
        if (others.Items.FirstOrDefault(o => o.Spec.Environment == spec.Environment) is { } twin)
            throw ProblemException.Conflict($"The tenant '{spec.Tenant}' has an instance of '{spec.App}' in '{spec.Environment}' already: '{twin.Spec.Slug}'.");
        await RefuseTakenHostsAsync(spec, store, cancellationToken);
    }

    private static async Task RefuseTakenHostsAsync(InstanceSpec spec, IStore store, CancellationToken cancellationToken)
    {
        foreach (var host in spec.Hosts)
        {
            if (await store.FindSlugOfHostAsync(host, cancellationToken) is { } slug && slug != spec.Slug)
                throw ProblemException.Conflict(InstanceRows.HostTaken(host));
        }
    }

    public static Accepted<OperationResponse> Accepted(Operation operation) =>
        TypedResults.Accepted($"/v1/operations/{operation.Id}", OperationResponse.Of(operation));
}
