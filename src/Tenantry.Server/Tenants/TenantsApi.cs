using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Naming;
using Tenantry.Model.Tenants;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tenants;

/// <summary>Tenants.</summary>
internal static class TenantsApi
{
    public static void MapTenants(this IEndpointRouteBuilder routes)
    {
        var tenants = routes.MapGroup("/tenants").WithTags("Tenants");
        tenants.MapGet("", ListAsync).Paged();
        tenants.MapGet("/{tenant}", GetAsync);
        tenants.MapPost("", CreateAsync).Changes("tenant.create");
        tenants.MapPatch("/{tenant}", UpdateAsync).Changes("tenant.update").NeedsVersion();
        tenants.MapDelete("/{tenant}", DeleteAsync).Changes("tenant.delete").TakesVersion();
    }

    private static async Task<Ok<PageResponse<TenantResponse>>> ListAsync(
        [AsParameters] PageQuery page, IStore store, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(PageQuery.Answer(
            context,
            Caller.Of(context).Organizations is { } own ? await store.ListTenantsOfAsync(own, page.Request(), cancellationToken) : await store.ListTenantsAsync(page.Request(), cancellationToken),
            TenantResponse.Of));

    private static async Task<Ok<TenantResponse>> GetAsync(string tenant, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var found = await FindAsync(store, tenant, cancellationToken);
        ETags.Set(context, found.Version);
        return TypedResults.Ok(TenantResponse.Of(found));
    }

    private static async Task<Results<Created<TenantResponse>, Ok<PlanResponse>>> CreateAsync(
        Body<CreateTenantRequest> body, Change change, IStore store, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var request = body.Value;
        change.Subject = $"tenant {request.Name}";
        var wanted = await TenantText.MakeAsync(request, Caller.Of(context), store, time.GetUtcNow(), cancellationToken);
        change.Organization = wanted.Organization;
        if (change.IsDryRun)
        {
            if (await store.FindTenantAsync(request.Name, cancellationToken) is not null)
                throw ProblemException.Conflict($"There is a tenant '{request.Name}' already.");
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", null, request.Name)));
        }

        var tenant = await store.CreateTenantAsync(wanted, cancellationToken);
        ETags.Set(context, tenant.Version);
        return TypedResults.Created($"/v1/tenants/{tenant.Name}", TenantResponse.Of(tenant));
    }

    private static async Task<Results<Ok<TenantResponse>, Ok<PlanResponse>>> UpdateAsync(
        string tenant, Body<UpdateTenantRequest> body, Change change, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        change.Subject = $"tenant {tenant}";
        var present = await FindAsync(store, tenant, cancellationToken);
        change.RequireVersion(change.Subject, present.Version);
        var request = body.Value;
        TenantText.Check(request);
        var wanted = present with
        {
            DisplayName = request.DisplayName is "" ? present.Name : request.DisplayName ?? present.DisplayName,
            Owner = request.Owner ?? present.Owner,
            CostCentre = request.CostCentre ?? present.CostCentre,
        };
        change.Changes = [.. TenantText.Differences(present, wanted)];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        var stored = wanted == present ? present : await store.UpdateTenantAsync(wanted, present.Version, cancellationToken);
        ETags.Set(context, stored.Version);
        return TypedResults.Ok(TenantResponse.Of(stored));
    }

    private static async Task<Results<Accepted<DeleteTenantResponse>, NoContent, Ok<PlanResponse>>> DeleteAsync(
        string tenant, Change change, IStore store, TenantDeletion deletion, CancellationToken cancellationToken)
    {
        change.Subject = $"tenant {tenant}";
        var present = await FindAsync(store, tenant, cancellationToken);
        change.Expect(change.Subject, present.Version);
        if (change.IsDryRun)
            return TypedResults.Ok(await deletion.PreviewAsync(present, cancellationToken));
        var operations = await deletion.RunAsync(present, change.Actor, cancellationToken);
        return operations.Count == 0
            ? TypedResults.NoContent()
            : TypedResults.Accepted($"/v1/tenants/{tenant}", new DeleteTenantResponse(tenant, [.. operations.Select(OperationResponse.Of)]));
    }

    private static async Task<Tenant> FindAsync(IStore store, string name, CancellationToken cancellationToken) =>
        await store.FindTenantAsync(name, cancellationToken) ?? throw ProblemException.NotFound(nameof(NameKind.Tenant).ToLowerInvariant(), name);
}
