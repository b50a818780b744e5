using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tenants;

/// <summary>How much an organization may have.</summary>
internal static class QuotasApi
{
    private const long Most = 1L << 50;

    public static void MapQuotas(this IEndpointRouteBuilder routes)
    {
        var quotas = routes.MapGroup("/organizations/{organization}/quotas").WithTags("Organizations");
        quotas.MapGet("", ListAsync).Paged();
        quotas.MapPut("", PutAsync).Changes("quota.set");
    }

    private static async Task<Ok<PageResponse<QuotaResponse>>> ListAsync(string organization, IStore store, CancellationToken cancellationToken)
    {
        await RequireAsync(store, organization, cancellationToken);
        return TypedResults.Ok(PageQuery.Whole(await store.ListQuotasAsync(organization, cancellationToken), one => one));
    }

    private static async Task<Results<Ok<PageResponse<QuotaResponse>>, Ok<PlanResponse>>> PutAsync(
        string organization, Body<PutQuotaRequest> body, Change change, IStore store, CancellationToken cancellationToken)
    {
        change.Subject = $"quota of {organization}";
        await RequireAsync(store, organization, cancellationToken);
        var (limits, tier) = (body.Value.Limits, body.Value.Tier);
        if (tier is not null && (tier.Length is 0 or > 60 || tier.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not '-' and not '_' and not '.')))
            throw ProblemException.Invalid("tier", "The name of a tier is expected.");
        Check(limits);
        var before = (await store.ListQuotasAsync(organization, cancellationToken)).FirstOrDefault(one => one.Tier == tier)?.Limits ?? new QuotaLimits();
        change.Changes = [.. Differences(tier is null ? change.Subject : $"{change.Subject}, tier {tier}", before, limits)];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        await store.PutQuotaAsync(organization, tier, limits, cancellationToken);
        return TypedResults.Ok(PageQuery.Whole(await store.ListQuotasAsync(organization, cancellationToken), one => one));
    }

    private static async Task RequireAsync(IStore store, string organization, CancellationToken cancellationToken)
    {
        if ((await store.ListOrganizationsAsync(cancellationToken)).All(one => one.Name != organization))
            throw ProblemException.NotFound("organization", organization);
    }

    private static void Check(QuotaLimits limits)
    {
        var errors = new List<ProblemError>();
        foreach (var (name, value) in new (string, double?)[] { ("instances", limits.Instances), ("awake", limits.Awake), ("cpu", limits.Cpu), ("memory", limits.Memory), ("disk", limits.Disk) })
        {
            if (value is < 0 or > Most)
                errors.Add(new ProblemError($"limits.{name}", "A number from 0 is expected."));
        }

        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
    }

    private static IEnumerable<ChangeResponse> Differences(string subject, QuotaLimits before, QuotaLimits after)
    {
        (string Name, string? Was, string? Is)[] all =
        [
            ("instances", before.Instances?.ToString(Invariant), after.Instances?.ToString(Invariant)),
            ("awake", before.Awake?.ToString(Invariant), after.Awake?.ToString(Invariant)),
            ("cpu", before.Cpu?.ToString(Invariant), after.Cpu?.ToString(Invariant)),
            ("memory", Size(before.Memory), Size(after.Memory)),
            ("disk", Size(before.Disk), Size(after.Disk)),
        ];
        return all.Where(one => one.Was != one.Is).Select(one => new ChangeResponse(subject, one.Name, one.Was, one.Is));
    }

    private static System.Globalization.CultureInfo Invariant => System.Globalization.CultureInfo.InvariantCulture;

    private static string? Size(long? bytes) => bytes is { } known ? SizeText.Write(known) : null;
}
