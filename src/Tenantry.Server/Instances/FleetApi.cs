using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Which instances are meant.</summary>
public readonly record struct FleetQuery(
    [property: FromQuery(Name = "tenant")] string? Tenant,
    [property: FromQuery(Name = "app")] string? App,
    [property: FromQuery(Name = "target")] string? Target,
    [property: FromQuery(Name = "organization")] string? Organization,
    [property: FromQuery(Name = "q")] string? Text,
    [property: FromQuery(Name = "phase")] string? Phase,
    [property: FromQuery(Name = "health")] string? Health,
    [property: FromQuery(Name = "sort")] string? Sort = null)
{
    private static readonly Dictionary<string, InstanceOrder> Orders = new(StringComparer.Ordinal)
    {
        ["slug"] = InstanceOrder.Slug,
        ["-slug"] = InstanceOrder.SlugDown,
        ["app"] = InstanceOrder.App,
        ["target"] = InstanceOrder.Target,
        ["state"] = InstanceOrder.State,
        ["created"] = InstanceOrder.Created,
        ["-created"] = InstanceOrder.CreatedDown,
    };

    /// <summary>What of these the caller may see.</summary>
    public InstanceFilter Of(Caller caller)
    {
        if (Organization is not null)
            caller.MustSee(Organization, "organization", Organization);
        return new InstanceFilter(Tenant, App, Target, Organization)
        {
            Organizations = caller.Organizations,
            Text = string.IsNullOrEmpty(Text) ? null : Text,
            Phase = Read<InstancePhase>("phase", Phase),
            Health = Read<InstanceHealth>("health", Health),
            Order = Sort is null ? InstanceOrder.Slug : Orders.TryGetValue(Sort, out var order) ? order : throw ProblemException.Invalid("sort", $"One of {string.Join(", ", Orders.Keys)} is expected."),
        };
    }

    private static T? Read<T>(string name, string? text)
        where T : struct, Enum => text switch
        {
            null => null,
            _ when Enum.GetNames<T>().Contains(text, StringComparer.Ordinal) => Enum.Parse<T>(text),
            _ => throw ProblemException.Invalid(name, $"One of {string.Join(", ", Enum.GetNames<T>())} is expected."),
        };
}

/// <summary>Many instances at once.</summary>
internal static class FleetApi
{
    public static readonly string[] Filters = ["tenant", "app", "target", "organization", "q", "phase", "health"];

    public static async Task<Ok<FleetResponse>> CountAsync([AsParameters] FleetQuery query, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var counts = await store.CountInstancesAsync(query.Of(Caller.Of(context)), cancellationToken);
        return TypedResults.Ok(new FleetResponse(
            counts.Sum(count => count.Count),
            counts.GroupBy(count => count.Phase).OrderBy(group => group.Key).ToDictionary(group => group.Key.ToString(), group => group.Sum(count => count.Count), StringComparer.Ordinal),
            counts.Where(count => count.Health == InstanceHealth.Unhealthy).Sum(count => count.Count),
            counts.Sum(count => count.Drifted)));
    }

    public static async Task<Ok<PageResponse<InstanceResponse>>> ListAsync(
        [AsParameters] PageQuery page,
        [AsParameters] FleetQuery query,
        [FromQuery] string? offset,
        IStore store,
        HttpReleases http,
        ApiSettings settings,
        HttpContext context,
        CancellationToken cancellationToken)
    {
        var found = await FindAsync(page, query, offset, store, context, cancellationToken);
        var reached = await http.AmongAsync(found.Items, cancellationToken);
        return TypedResults.Ok(PageQuery.Answer(context, found, record => InstanceView.InList(record, settings, reached)));
    }

    /// <summary>What those instances of the same part of the list cost a month whose targets have prices.</summary>
    public static async Task<Ok<PageResponse<InstanceCostResponse>>> ListCostsAsync(
        [AsParameters] PageQuery page,
        [AsParameters] FleetQuery query,
        [FromQuery] string? offset,
        IStore store,
        InstanceCosts costs,
        HttpContext context,
        CancellationToken cancellationToken)
    {
        var filter = query.Of(Caller.Of(context));
        if (!await costs.AreKnownAsync(cancellationToken))
            return TypedResults.Ok(new PageResponse<InstanceCostResponse>([], null));
        var found = await store.ListInstancesAsync(filter, Request(page, filter, offset), cancellationToken);
        var known = await costs.OfAsync([.. found.Items.Select(record => record.Spec)], cancellationToken);
        return TypedResults.Ok(PageQuery.Answer(context, new Page<InstanceCostResponse>(known, found.Next), one => one));
    }

    private static Task<Page<InstanceRecord>> FindAsync(PageQuery page, FleetQuery query, string? offset, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var filter = query.Of(Caller.Of(context));
        return store.ListInstancesAsync(filter, Request(page, filter, offset), cancellationToken);
    }

    private static PageRequest Request(PageQuery page, InstanceFilter filter, string? offset) => filter.Order != InstanceOrder.Slug && page.Cursor is not null
        ? throw ProblemException.Invalid("sort", "A cursor goes on by slug. In another order, pass over those before with 'offset'.")
        : page.Request() with { Offset = ReadOffset(offset) };

    private static int ReadOffset(string? text) => text is null
        ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw ProblemException.Invalid("offset", "A whole number of instances to pass over is expected.");
}
