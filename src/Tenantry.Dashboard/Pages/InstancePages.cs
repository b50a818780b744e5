using Microsoft.AspNetCore.Mvc;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Server.Events;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Dashboard.Pages;

/// <summary>One instance: how it is, what it prints, what it was told.</summary>
internal static class InstancePages
{
    private const int WakesShown = 100;
    private const int OperationsShown = 50;
    private static readonly TimeSpan StatsBeat = TimeSpan.FromSeconds(2);

    public static void MapInstances(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/instances", () => TypedResults.Redirect("/"));
        pages.MapGet("/instances/{slug}", ShowAsync);
        pages.MapGet("/instances/{slug}/logs", LogsAsync);
        pages.MapGet("/instances/{slug}/activity", ActivityAsync);
        pages.MapGet("/live/instances/{slug}", LiveAsync);
        pages.MapGet("/live/instances/{slug}/head", LiveHeadAsync);
        pages.MapGet("/live/instances/{slug}/logs", LiveLogsAsync);
    }

    private static async Task<IResult> ShowAsync(string slug, PageApi api, CancellationToken cancellationToken) =>
        new Page<InstancePage>((nameof(InstancePage.View), await ReadAsync(slug, api, cancellationToken)));

    private static async Task<IResult> LogsAsync(string slug, [FromQuery] string? service, PageApi api, CancellationToken cancellationToken)
    {
        var view = await ReadHeadAsync(slug, api, cancellationToken);
        var manifest = await ManifestAsync(view.Instance, api, cancellationToken);
        return new Page<InstanceLogsPage>(
            (nameof(InstanceLogsPage.View), view),
            (nameof(InstanceLogsPage.Services), manifest?.Services.Select(s => s.Name).ToArray() ?? []),
            (nameof(InstanceLogsPage.Service), string.IsNullOrEmpty(service) ? null : service));
    }

    private static async Task<IResult> ActivityAsync(string slug, [FromQuery] string? cursor, PageApi api, CancellationToken cancellationToken) =>
        new Page<InstanceActivityPage>(
            (nameof(InstanceActivityPage.View), await ReadHeadAsync(slug, api, cancellationToken)),
            (nameof(InstanceActivityPage.Operations), await api.Client.Operations.GetPageAsync(slug, string.IsNullOrEmpty(cursor) ? null : cursor, OperationsShown, cancellationToken)));

    private static async Task<IResult> LiveAsync(string slug, PageApi api, ChangeFeed feed, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        await api.Client.Instances.GetAsync(slug, cancellationToken);
        return LiveParts.Stream(
            feed,
            time,
            async ending =>
            {
                var view = await ReadAsync(slug, api, ending);
                return
                [
                    await HeadAsync(view.Head, context),
                    await LiveParts.PartAsync<InstanceBody>(context, "instance-body", (nameof(InstanceBody.View), view)),
                    .. await StatsAsync(view.Head.Instance, api, ending),
                ];
            },
            StatsBeat);
    }

    private static async Task<IResult> LiveHeadAsync(string slug, PageApi api, ChangeFeed feed, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        await api.Client.Instances.GetAsync(slug, cancellationToken);
        return LiveParts.Stream(feed, time, async ending => [await HeadAsync(await ReadHeadAsync(slug, api, ending), context)]);
    }

    private static async Task<IResult> LiveLogsAsync(
        string slug, [FromQuery] string? service, [FromQuery] string? after, PageApi api, TimeProvider time, CancellationToken cancellationToken)
    {
        await api.Client.Instances.GetAsync(slug, cancellationToken);
        return LogLines.Stream(slug, string.IsNullOrEmpty(service) ? null : service, after, api.Client, time);
    }

    private static async Task<InstanceView> ReadAsync(string slug, PageApi api, CancellationToken cancellationToken)
    {
        var head = await ReadHeadAsync(slug, api, cancellationToken);
        return new InstanceView(head, await api.Client.Instances.GetWakesAsync(slug, WakesShown, cancellationToken), await ManifestAsync(head.Instance, api, cancellationToken));
    }

    /// <summary>The instance and the operation that it waits for, or the last one when that failed.</summary>
    public static async Task<InstanceHead> ReadHeadAsync(string slug, PageApi api, CancellationToken cancellationToken)
    {
        var instance = await api.Client.Instances.GetAsync(slug, cancellationToken);
        var last = (await api.Client.Operations.GetPageAsync(slug, null, 1, cancellationToken)).Items.FirstOrDefault();
        return new InstanceHead(instance, last is { IsFinished: false } or { State: OperationState.Failed } ? last : null, await CanFreezeAsync(instance, api, cancellationToken));
    }

    // What does not run is not asked about: there is no button for it.
    private static async Task<bool> CanFreezeAsync(InstanceDetailResponse instance, PageApi api, CancellationToken cancellationToken) => instance.Phase == InstancePhase.Running
        && await api.Client.Targets.ListChoicesAsync(cancellationToken).AnyAsync(target => target.Name == instance.Target && target.Capabilities.Contains(TargetCapabilities.Freeze, StringComparer.Ordinal), cancellationToken);

    public static async Task<Manifest?> ManifestAsync(InstanceResponse instance, PageApi api, CancellationToken cancellationToken) =>
        (await api.Client.Apps.GetReleaseAsync(instance.App, instance.Release, cancellationToken)).Manifest is { } text ? ManifestJson.Read(text) : null;

    private static Task<LivePart> HeadAsync(InstanceHead head, HttpContext context) => LiveParts.PartAsync<InstanceTop>(context, "instance-top", (nameof(InstanceTop.View), head));

    private static async Task<IReadOnlyList<LivePart>> StatsAsync(InstanceResponse instance, PageApi api, CancellationToken cancellationToken)
    {
        if (instance.Phase is not (InstancePhase.Running or InstancePhase.Frozen))
            return [];
        try
        {
            var stats = await api.Client.Instances.GetStatsAsync(instance.Slug, cancellationToken);
            return [new LivePart("stats", System.Text.Json.JsonSerializer.Serialize(stats, WireJson.Options)) { Kind = "stats" }];
        }
        catch (TenantryException notNow) when (notNow.Status is not System.Net.HttpStatusCode.NotFound)
        {
            return [];
        }
    }
}

/// <summary>What the top of each page of an instance shows.</summary>
public sealed record InstanceHead(InstanceDetailResponse Instance, OperationResponse? Operation, bool CanFreeze);

/// <summary>Everything that the first page of an instance shows.</summary>
public sealed record InstanceView(InstanceHead Head, IReadOnlyList<WakeRecord> Wakes, Manifest? Manifest)
{
    public InstanceDetailResponse Instance => Head.Instance;
}
