using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Sleeping;

/// <summary>How long wakes took.</summary>
internal static class WakesApi
{
    private const int Most = 100_000;

    public static void MapWakes(this IEndpointRouteBuilder routes) => routes.MapGroup("/wakes").WithTags("Wakes").MapGet("/report", ReportAsync).Paged().Takes("instance");

    /// <summary>The newest wakes of one instance, newest first.</summary>
    public static async Task<Ok<PageResponse<WakeRecord>>> ListAsync(string slug, [FromQuery] string? limit, IStore store, CancellationToken cancellationToken)
    {
        var id = (await InstancesApi.FindAsync(store, slug, cancellationToken)).Spec.Id;
        return TypedResults.Ok(PageQuery.Whole(await store.ListWakesAsync(id, new PageQuery(limit, null).Request().Limit, cancellationToken), stored => stored.Wake));
    }

    private static async Task<Ok<PageResponse<WakeSummaryResponse>>> ReportAsync(string? instance, IStore store, CancellationToken cancellationToken)
    {
        var id = instance is null ? null : (await InstancesApi.FindAsync(store, instance, cancellationToken)).Spec.Id;
        return TypedResults.Ok(PageQuery.Whole(await SummarizeAsync(store, id, cancellationToken), summary => summary));
    }

    /// <summary>The wakes that are kept, by app, target and depth.</summary>
    public static async Task<IReadOnlyList<WakeSummaryResponse>> SummarizeAsync(IStore store, string? instanceId, CancellationToken cancellationToken)
    {
        var wakes = await store.ListWakesAsync(instanceId, Most, cancellationToken);
        return
        [
            .. wakes.GroupBy(wake => (wake.App, wake.Target, wake.Wake.From)).OrderBy(group => group.Key.App, StringComparer.Ordinal).ThenBy(group => group.Key.From)
                .Select(group => new WakeSummaryResponse(
                    group.Key.App,
                    group.Key.Target,
                    group.Key.From,
                    group.Count(),
                    Of([.. group.Select(wake => wake.Wake.PlatformSeconds).Order()]),
                    Of([.. group.Select(wake => wake.Wake.AppSeconds).Order()]))),
        ];
    }

    private static WakeTimes Of(double[] sorted) => new(At(sorted, 0.5), At(sorted, 0.95), At(sorted, 0.99), sorted[^1]);

    // The smallest that so many are not above.
    private static double At(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
