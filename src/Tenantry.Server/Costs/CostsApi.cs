using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Costs;

/// <summary>What instances really cost, by the bills of their targets. Nothing of it is stored.</summary>
internal static class CostsApi
{
    private const string MonthFormat = "yyyy-MM";

    public static void MapCosts(this IEndpointRouteBuilder routes) => routes.MapGet("/costs", ListAsync).Takes("month", "target").WithTags("Costs");

    private static async Task<Ok<ActualCostsResponse>> ListAsync(
        IStore store, IEngineLink engine, IReadOnlyList<TargetKind> kinds, TimeProvider time, CancellationToken cancellationToken, string? month = null, string? target = null)
    {
        var first = Month(month, time);
        var asked = await store.ListTargetsAsync(cancellationToken);
        if (target is not null && asked.All(one => one.Name != target))
            throw ProblemException.NotFound("target", target);
        var (items, unreachable) = (new List<ActualCostResponse>(), new List<UnreachableTargetResponse>());
        foreach (var one in asked.Where(one => target is null ? kinds.Any(kind => kind.Kind == one.Kind && kind.HasBill) : one.Name == target))
        {
            try
            {
                foreach (var cost in await engine.ReadCostsAsync(new CostQuestion(one.Name, first), cancellationToken))
                {
                    var record = cost.Instance.Id.Length > 0 ? await store.FindInstanceAsync(cost.Instance.Id, cancellationToken) : null;
                    items.Add(new ActualCostResponse(record?.Spec.Slug ?? cost.Instance.Slug, record?.Spec.Tenant ?? "", one.Name, first.ToString(MonthFormat, CultureInfo.InvariantCulture), MoneyResponse.Of(cost.Amount)));
                }
            }
            catch (TargetException failure) when (target is null)
            {
                unreachable.Add(new UnreachableTargetResponse(one.Name, failure.Sentence));
            }
        }

        return TypedResults.Ok(new ActualCostsResponse([.. items.OrderBy(item => item.Name, StringComparer.Ordinal)], unreachable));
    }

    private static DateOnly Month(string? text, TimeProvider time)
    {
        var now = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (text is null)
            return new DateOnly(now.Year, now.Month, 1);
        if (!DateOnly.TryParseExact(text, MonthFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var month))
            throw ProblemException.Invalid("month", "A month is expected, such as 2026-11.");
        return month <= now ? month : throw ProblemException.Invalid("month", "That month has not begun.");
    }
}
