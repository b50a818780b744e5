using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Naming;
using Tenantry.Model.Plans;
using Tenantry.Model.Tenants;
using Tenantry.Model.Wire;
using Tenantry.Model.Workloads;
using Tenantry.Server.Api;
using Tenantry.Server.Apps;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;

namespace Tenantry.Server.Rendering;

/// <summary>Instances of AWS targets in Terraform's words, with what they cost by list prices. Reads and changes nothing.</summary>
internal static class TerraformRenderingApi
{
    private const string Kind = "aws";
    private const string Example = "example";

    public static async Task<Ok<RenderTerraformResponse>> RenderAsync(Body<RenderTerraformRequest> body, IStore store, ApiSettings settings, CancellationToken cancellationToken)
    {
        var targets = (await store.ListTargetsAsync(cancellationToken)).ToDictionary(target => target.Name, StringComparer.Ordinal);
        var named = body.Value.Slugs is { Count: > 0 };
        var open = new OpenWorkloads(store, settings);
        var rendered = new List<TerraformInstanceResponse>();
        var skipped = new List<SkippedInstanceResponse>();
        if (body.Value.New is { } wished)
            return TypedResults.Ok(new RenderTerraformResponse([await NewAsync(wished, targets.Values, store, open, cancellationToken)], []));
        foreach (var record in RenderingApi.Chosen(await RenderingApi.AllAsync(store, cancellationToken), body.Value.Slugs ?? []).OrderBy(record => record.Spec.Slug, StringComparer.Ordinal))
        {
            var target = targets.GetValueOrDefault(record.Spec.Target);
            if (target?.Kind != Kind)
            {
                if (named)
                    skipped.Add(new SkippedInstanceResponse(record.Spec.Slug, $"It is on the target {record.Spec.Target}, which is not of the kind {Kind}."));
                continue;
            }

            try
            {
                var range = await store.FindRangeAsync(record.Spec.Id, cancellationToken);
                var account = record.Status.Resources.FirstOrDefault(one => one.Resource.Kind == "account")?.Resource.Name;
                rendered.Add(Response(record.Spec, AwsRendered.Of(await open.ResolveAsync(record.Spec, cancellationToken), target.Options, range, account)));
            }
            catch (Exception refused) when (refused is WorkloadRefusedException or UnknownReferenceException or TargetException)
            {
                skipped.Add(new SkippedInstanceResponse(record.Spec.Slug, refused is TargetException failure ? failure.Sentence : refused.Message));
            }
        }

        return TypedResults.Ok(new RenderTerraformResponse(rendered, skipped));
    }

    // As it would be made for a tenant of that name; nothing of it is stored.
    private static async Task<TerraformInstanceResponse> NewAsync(NewTerraformInstance wished, IEnumerable<TargetRecord> targets, IStore store, OpenWorkloads open, CancellationToken cancellationToken)
    {
        var places = targets.Where(target => target.Kind == Kind && (wished.Target is null || target.Name == wished.Target)).ToList();
        if (places.Count != 1)
        {
            throw ProblemException.Invalid("new.target", places.Count == 0
                ? $"There is no target{(wished.Target is null ? "" : $" '{wished.Target}'")} of the kind {Kind}."
                : $"Say which target: {string.Join(", ", places.Select(target => target.Name))}.");
        }

        var release = await AppsApi.FindReleaseAsync(store, wished.App, "latest", cancellationToken);
        var errors = new List<ProblemError>();
        var tier = InstanceFields.Tier(ManifestJson.Read(release.Manifest), wished.Tier, errors);
        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
        var tenant = new Tenant(Example, "", "", "", "", 0, DateTimeOffset.UnixEpoch);
        var spec = new InstanceSpec(
            Example, Example, Example, "", wished.App, Slug.DefaultEnvironment, places[0].Name, tier, release.Id, [], new Dictionary<string, string>(StringComparer.Ordinal), DesiredState.Running, 0, 1, DateTimeOffset.UnixEpoch);
        try
        {
            return Response(spec, AwsRendered.Of(await open.ResolveAsync(spec, tenant, cancellationToken), places[0].Options, null));
        }
        catch (Exception refused) when (refused is WorkloadRefusedException or UnknownReferenceException or TargetException)
        {
            throw ProblemException.Invalid("new", refused is TargetException failure ? failure.Sentence : refused.Message);
        }
    }

    private static TerraformInstanceResponse Response(InstanceSpec spec, AwsRendered one) => new(
        spec.Slug,
        spec.Tenant,
        spec.App,
        spec.Tier,
        one.Workspace,
        one.Variables,
        one.Secret,
        one.SecretKeys,
        Sum(one, _ => true),
        Sum(one, part => !part.StopsAsleep),
        [.. one.Costs.Select(part => new CostPartResponse(part.What, MoneyResponse.Of(new Money(part.Amount, one.Currency)), part.StopsAsleep))],
        one.CostsNote,
        one.Notes);

    private static MoneyResponse? Sum(AwsRendered one, Func<(string What, decimal Amount, bool StopsAsleep), bool> counts) =>
        one.Costs.Count == 0 ? null : MoneyResponse.Of(new Money(one.Costs.Where(counts).Sum(part => part.Amount), one.Currency));
}
