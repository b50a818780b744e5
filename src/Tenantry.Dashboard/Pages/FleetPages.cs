using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Tenantry.Model.Instances;
using Tenantry.Server.Events;

namespace Tenantry.Dashboard.Pages;

/// <summary>All instances, in parts.</summary>
internal static class FleetPages
{
    public static void MapFleet(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/", ShowAsync);
        pages.MapGet("/live/fleet", Live);
    }

    private static async Task<IResult> ShowAsync([AsParameters] FleetChoice choice, PageApi api, CancellationToken cancellationToken)
    {
        // Who has no role yet may be invited.
        if (!api.May("GET /v1/fleet"))
            return InstanceForms.To("/account");
        var view = await ReadAsync(choice, api, cancellationToken);
        var apps = await api.Client.Apps.ListAsync(cancellationToken).ToListAsync(cancellationToken);
        return new Page<FleetPage>((nameof(FleetPage.View), view), (nameof(FleetPage.Apps), apps.Select(app => app.Name).ToArray()));
    }

    private static async Task<IResult> Live([AsParameters] FleetChoice choice, PageApi api, ChangeFeed feed, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        // A bad filter is refused before the stream begins.
        await ReadAsync(choice, api, cancellationToken);
        return LiveParts.Stream(feed, time, async ending =>
            [await LiveParts.PartAsync<FleetTable>(context, "fleet", (nameof(FleetTable.View), await ReadAsync(choice, api, ending)))]);
    }

    private static async Task<FleetView> ReadAsync(FleetChoice choice, PageApi api, CancellationToken cancellationToken)
    {
        var query = choice.Query();
        var all = await api.Client.Instances.CountAsync(query with { Phase = null, Health = null }, cancellationToken);
        var counts = query.Phase is null && query.Health is null ? all : await api.Client.Instances.CountAsync(query, cancellationToken);
        var last = Math.Max(1, (counts.Total + FleetView.PageSize - 1) / FleetView.PageSize);
        var page = Math.Clamp(choice.PageNumber, 1, last);
        var items = await api.Client.Instances.GetPageAsync(query, (page - 1) * FleetView.PageSize, FleetView.PageSize, cancellationToken);
        var costs = await api.Client.Instances.GetCostsAsync(query, (page - 1) * FleetView.PageSize, FleetView.PageSize, cancellationToken);
        return new FleetView(choice, items, all, counts.Total, page, last) { Costs = costs.ToDictionary(one => one.Slug, StringComparer.Ordinal) };
    }
}

/// <summary>What the address of the fleet page says.</summary>
public sealed record FleetChoice
{
    [FromQuery(Name = "q")]
    public string? Text { get; init; }

    [FromQuery(Name = "phase")]
    public string? Phase { get; init; }

    [FromQuery(Name = "health")]
    public string? Health { get; init; }

    [FromQuery(Name = "app")]
    public string? App { get; init; }

    [FromQuery(Name = "page")]
    public string? Page { get; init; }

    [FromQuery(Name = "sort")]
    public string? Sort { get; init; }

    public int PageNumber => int.TryParse(Page, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 1;

    public bool IsNarrowed => !string.IsNullOrEmpty(Text) || !string.IsNullOrEmpty(Phase) || !string.IsNullOrEmpty(Health) || !string.IsNullOrEmpty(App);

    public InstanceQuery Query() => new(App: string.IsNullOrEmpty(App) ? null : App)
    {
        Text = string.IsNullOrEmpty(Text) ? null : Text,
        Phase = Read<InstancePhase>("phase", Phase),
        Health = Read<InstanceHealth>("health", Health),
        Sort = string.IsNullOrEmpty(Sort) ? null : Sort,
    };

    /// <summary>The address of the same choice, changed.</summary>
    public string Url(string path = "/", string? phase = null, string? health = null, int page = 1, string? sort = null)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal) { ["q"] = Text, ["app"] = App, ["phase"] = phase, ["health"] = health, ["sort"] = sort ?? Sort, ["page"] = page > 1 ? page.ToString(CultureInfo.InvariantCulture) : null };
        return QueryHelpers.AddQueryString(path, values.Where(v => !string.IsNullOrEmpty(v.Value)));
    }

    private static T? Read<T>(string name, string? text)
        where T : struct, Enum => string.IsNullOrEmpty(text)
            ? null
            : Enum.TryParse<T>(text, out var value) && Enum.IsDefined(value) ? value : throw ProblemException.Invalid(name, $"One of {string.Join(", ", Enum.GetNames<T>())} is expected.");
}

/// <summary>A part of the fleet.</summary>
/// <param name="Choice">What was asked for.</param>
/// <param name="Items">The instances of this page.</param>
/// <param name="All">Counts without the choice of a phase or health.</param>
/// <param name="Total">How many the choice has.</param>
/// <param name="Page">From 1.</param>
/// <param name="LastPage">At least 1.</param>
public sealed record FleetView(FleetChoice Choice, IReadOnlyList<InstanceResponse> Items, FleetResponse All, int Total, int Page, int LastPage)
{
    public const int PageSize = 50;

    /// <summary>What those of the page cost of which it is known, by slug.</summary>
    public IReadOnlyDictionary<string, InstanceCostResponse> Costs { get; init; } = new Dictionary<string, InstanceCostResponse>(StringComparer.Ordinal);

    public int First => Total == 0 ? 0 : ((Page - 1) * PageSize) + 1;

    public int Last => Math.Max(0, First + Items.Count - 1);
}
