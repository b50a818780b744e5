using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Tenantry.Dashboard.Controls;
using Tenantry.Server.Events;

namespace Tenantry.Dashboard.Pages;

/// <summary>What was done, and what is being done.</summary>
internal static class OperationPages
{
    private const int Shown = 50;

    public static void MapActivity(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/activity", ListAsync);
        pages.MapGet("/activity/audit", AuditAsync);
        pages.MapGet("/activity/audit/verify", VerifyAsync);
        pages.MapGet("/operations", () => TypedResults.Redirect("/activity"));
        pages.MapGet("/operations/{id}", ShowAsync);
        pages.MapGet("/live/activity", LiveListAsync);
        pages.MapGet("/live/operations/{id}", LiveAsync);
    }

    private static async Task<IResult> ListAsync([FromQuery] string? cursor, PageApi api, CancellationToken cancellationToken) =>
        new Page<ActivityPage>(
            (nameof(ActivityPage.Operations), await api.Client.Operations.GetPageAsync(null, Text(cursor), Shown, cancellationToken)),
            (nameof(ActivityPage.IsFirst), Text(cursor) is null));

    private static async Task<IResult> AuditAsync([AsParameters] AuditChoice choice, [FromQuery] string? cursor, PageApi api, CancellationToken cancellationToken) => new Page<AuditPage>(
        (nameof(AuditPage.Choice), choice),
        (nameof(AuditPage.Rows), await api.IfAllowedAsync("GET /v1/audit", () => api.Client.GetAuditPageAsync(choice.Filter, Text(cursor), Shown, cancellationToken))));

    private static async Task<IResult> VerifyAsync(PageApi api, CancellationToken cancellationToken) =>
        new Page<AuditVerdict>((nameof(AuditVerdict.Verdict), await api.Client.VerifyAuditAsync(cancellationToken)));

    private static async Task<IResult> ShowAsync(string id, PageApi api, CancellationToken cancellationToken) =>
        new Page<OperationPage>((nameof(OperationPage.View), await ReadAsync(id, api, cancellationToken)));

    private static async Task<IResult> LiveListAsync(PageApi api, ChangeFeed feed, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        await api.Client.Operations.GetPageAsync(null, null, 1, cancellationToken);
        return LiveParts.Stream(feed, time, async ending => [await LiveParts.PartAsync<OperationTable>(
            context, "operations", (nameof(OperationTable.Operations), (await api.Client.Operations.GetPageAsync(null, null, Shown, ending)).Items))]);
    }

    private static async Task<IResult> LiveAsync(string id, PageApi api, ChangeFeed feed, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        await api.Client.Operations.GetAsync(id, cancellationToken);
        return LiveParts.Stream(feed, time, async ending => [await LiveParts.PartAsync<OperationBody>(context, "operation", (nameof(OperationBody.View), await ReadAsync(id, api, ending)))]);
    }

    private static async Task<OperationView> ReadAsync(string id, PageApi api, CancellationToken cancellationToken)
    {
        var operation = await api.Client.Operations.GetAsync(id, cancellationToken);
        var instance = await api.Client.Instances.FindAsync(operation.Slug, cancellationToken);
        return new OperationView(operation, instance?.Id == operation.InstanceId ? instance : null);
    }

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>An operation and its instance, null when that is gone.</summary>
public sealed record OperationView(OperationResponse Operation, InstanceDetailResponse? Instance);

/// <summary>Which rows of the audit the address asks for.</summary>
public sealed record AuditChoice
{
    private const string Day = "yyyy-MM-dd";

    [FromQuery(Name = "actor")]
    public string? Actor { get; init; }

    [FromQuery(Name = "action")]
    public string? Action { get; init; }

    [FromQuery(Name = "subject")]
    public string? Subject { get; init; }

    [FromQuery(Name = "outcome")]
    public string? Outcome { get; init; }

    [FromQuery(Name = "since")]
    public string? Since { get; init; }

    [FromQuery(Name = "until")]
    public string? Until { get; init; }

    /// <summary>As the API takes it, which ends before a moment: the day that was chosen as the last one counts.</summary>
    public IReadOnlyList<(string Name, string? Value)> Filter => [.. Chosen.Select(one => one.Name == "until" ? (one.Name, EndOf(one.Value)) : one)];

    private IReadOnlyList<(string Name, string? Value)> Chosen =>
        [("actor", Plain(Actor)), ("action", Plain(Action)), ("subject", Plain(Subject)), ("outcome", Plain(Outcome)), ("since", Plain(Since)), ("until", Plain(Until))];

    /// <summary>Whether anything is chosen.</summary>
    public bool IsNarrowed => Chosen.Any(one => one.Value is not null);

    /// <summary>The address of the part behind it.</summary>
    public string After(string cursor) =>
        QueryHelpers.AddQueryString("/activity/audit", Chosen.Append((Name: "cursor", Value: (string?)cursor)).Where(one => one.Value is not null).Select(one => KeyValuePair.Create(one.Name, one.Value)));

    private static string? EndOf(string? day) => DateOnly.TryParseExact(day, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date < DateOnly.MaxValue
        ? date.AddDays(1).ToString(Day, CultureInfo.InvariantCulture)
        : day;

    private static string? Plain(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
