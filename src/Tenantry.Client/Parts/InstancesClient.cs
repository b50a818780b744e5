using System.Runtime.CompilerServices;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Narrows a list of instances; null: any.</summary>
public sealed record InstanceQuery(string? Tenant = null, string? App = null, string? Target = null, string? Organization = null)
{
    /// <summary>Part of its slug, tenant or app.</summary>
    public string? Text { get; init; }

    /// <summary>In this phase.</summary>
    public InstancePhase? Phase { get; init; }

    /// <summary>With this health.</summary>
    public InstanceHealth? Health { get; init; }

    /// <summary><c>slug</c>, <c>app</c>, <c>target</c>, <c>state</c> or <c>created</c>; a minus before slug and created turns it. Null: by slug. With another one pages are asked for by their offset.</summary>
    public string? Sort { get; init; }

    internal string Route(string path, params ReadOnlySpan<(string Name, string? Value)> more) => path + QueryText.Of(
        [("tenant", Tenant), ("app", App), ("target", Target), ("organization", Organization), ("q", Text), ("phase", Phase?.ToString()), ("health", Health?.ToString()), .. more]);
}

/// <summary>Which log lines are wanted.</summary>
/// <param name="Service">Of this service only, or null for all.</param>
/// <param name="Tail">At most that many of the newest lines, or null for all.</param>
/// <param name="Since">Not older than this, or null.</param>
/// <param name="Follow">Go on with new lines until cancelled.</param>
public sealed record LogQuery(string? Service = null, int? Tail = null, DateTimeOffset? Since = null, bool Follow = false);

/// <summary>Instances: their life, logs, stats, commands and data.</summary>
public sealed class InstancesClient
{
    private readonly Transport _transport;

    internal InstancesClient(Transport transport) => _transport = transport;

    /// <summary>Asks for a tenant's instance of an app.</summary>
    public Change<OperationResponse> Create(CreateInstanceRequest request) =>
        _transport.Of<OperationResponse>(HttpMethod.Post, "v1/instances", () => Transport.Json(request));

    /// <summary>Instances, by slug.</summary>
    public IAsyncEnumerable<InstanceResponse> ListAsync(InstanceQuery? query = null, CancellationToken cancellationToken = default) =>
        _transport.ListAsync<InstanceResponse>((query ?? new()).Route("v1/instances"), cancellationToken);

    /// <summary>Part of the same list.</summary>
    /// <param name="query">Which ones.</param>
    /// <param name="offset">How many of them come before.</param>
    /// <param name="limit">1 to 1000.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<InstanceResponse>> GetPageAsync(InstanceQuery query, int offset, int limit, CancellationToken cancellationToken = default) =>
        (await _transport.GetAsync<PageResponse<InstanceResponse>>(query.Route("v1/instances", ("offset", offset.ToString()), ("limit", limit.ToString()), ("sort", query.Sort)), cancellationToken)).Items;

    /// <summary>What those of the same part cost a month whose targets have prices.</summary>
    public async Task<IReadOnlyList<InstanceCostResponse>> GetCostsAsync(InstanceQuery query, int offset, int limit, CancellationToken cancellationToken = default) =>
        (await _transport.GetAsync<PageResponse<InstanceCostResponse>>(query.Route("v1/fleet/costs", ("offset", offset.ToString()), ("limit", limit.ToString()), ("sort", query.Sort)), cancellationToken)).Items;

    /// <summary>How many the same list has.</summary>
    public Task<FleetResponse> CountAsync(InstanceQuery query, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<FleetResponse>(query.Route("v1/fleet"), cancellationToken);

    /// <summary>Its newest wakes, newest first.</summary>
    public async Task<IReadOnlyList<WakeRecord>> GetWakesAsync(string slug, int limit, CancellationToken cancellationToken = default) =>
        (await _transport.GetAsync<PageResponse<WakeRecord>>($"{Route(slug)}/wakes?limit={limit}", cancellationToken)).Items;

    /// <summary>One instance with everything that is known of it.</summary>
    public Task<InstanceDetailResponse> GetAsync(string slug, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<InstanceDetailResponse>(Route(slug), cancellationToken);

    /// <summary>One instance, or null when there is none with that slug.</summary>
    public Task<InstanceDetailResponse?> FindAsync(string slug, CancellationToken cancellationToken = default) =>
        _transport.FindAsync<InstanceDetailResponse>(Route(slug), cancellationToken);

    /// <summary>Changes what the request names.</summary>
    /// <param name="slug">Which one.</param>
    /// <param name="request">What is null stays.</param>
    /// <param name="expectedGeneration">Refused when it was changed since; null: whatever it is now.</param>
    public Change<InstanceChange> Update(string slug, UpdateInstanceRequest request, long? expectedGeneration = null) =>
        _transport.OfInstance(HttpMethod.Patch, Route(slug), () => Transport.Json(request), Changes.Match(expectedGeneration));

    /// <summary>Deletes an instance with all its data.</summary>
    public Change<OperationResponse> Delete(string slug) => _transport.Of<OperationResponse>(HttpMethod.Delete, Route(slug));

    /// <summary>What it needs beside its processes, looked at where it runs; nothing on targets that know of no such things.</summary>
    public IAsyncEnumerable<LookResponse> LookAsync(string slug, CancellationToken cancellationToken = default) => _transport.ListAsync<LookResponse>(Route(slug) + "/looks", cancellationToken);

    /// <summary>Who holds its state, so that nobody else can change it; null: nobody.</summary>
    public Task<HolderResponse?> FindHolderAsync(string slug, CancellationToken cancellationToken = default) =>
        _transport.FindAsync<HolderResponse>(Route(slug) + "/holder", cancellationToken);

    /// <summary>Breaks that hold, and no other that was taken since.</summary>
    public Change<string> BreakHold(HolderResponse held) => _transport.Empty(HttpMethod.Delete, $"{Route(held.Slug)}/holder/{Uri.EscapeDataString(held.Id)}", held.Slug);

    /// <summary>Stops and starts its services.</summary>
    public Change<InstanceChange> Restart(string slug) => _transport.OfInstance(HttpMethod.Post, Route(slug) + "/restart");

    /// <summary>Keeps it in memory without CPU.</summary>
    public Change<InstanceChange> Freeze(string slug) => _transport.OfInstance(HttpMethod.Post, Route(slug) + "/freeze");

    /// <summary>Stops it and keeps its data.</summary>
    public Change<InstanceChange> Sleep(string slug) => _transport.OfInstance(HttpMethod.Post, Route(slug) + "/sleep");

    /// <summary>Keeps it awake, whatever its sleep policy says; with <paramref name="down"/>, asleep, whoever asks for it.</summary>
    public Change<InstanceChange> Hold(string slug, bool down = false) => _transport.OfInstance(HttpMethod.Post, Route(slug) + (down ? "/hold-down" : "/hold"));

    /// <summary>Ends a hold: sleep policy and requests count again.</summary>
    public Change<InstanceChange> Release(string slug) => _transport.OfInstance(HttpMethod.Post, Route(slug) + "/release");

    /// <summary>Brings it back from frozen or asleep.</summary>
    public Change<InstanceChange> Wake(string slug) => _transport.OfInstance(HttpMethod.Post, Route(slug) + "/wake");

    /// <summary>Webhooks that wait for it, and those that were given up.</summary>
    public async Task<IReadOnlyList<WebhookResponse>> GetWebhooksAsync(string slug, CancellationToken cancellationToken = default) =>
        (await _transport.GetAsync<PageResponse<WebhookResponse>>(Route(slug) + "/webhooks", cancellationToken)).Items;

    /// <summary>Delivers a dead webhook after all.</summary>
    public Change<string> ReplayWebhook(string slug, string id) => _transport.Empty(HttpMethod.Post, $"{Route(slug)}/webhooks/{Uri.EscapeDataString(id)}/replay", id);

    /// <summary>Removes a webhook, whether it waits or is dead.</summary>
    public Change<string> DropWebhook(string slug, string id) => _transport.Empty(HttpMethod.Delete, $"{Route(slug)}/webhooks/{Uri.EscapeDataString(id)}", id);

    /// <summary>How long wakes took, by app, target and depth; of one instance or of all.</summary>
    public async Task<IReadOnlyList<WakeSummaryResponse>> GetWakeReportAsync(string? slug = null, CancellationToken cancellationToken = default) =>
        (await _transport.GetAsync<PageResponse<WakeSummaryResponse>>("v1/wakes/report" + QueryText.Of(("instance", slug)), cancellationToken)).Items;

    /// <summary>What the reconciler would do now.</summary>
    public Task<PlanResponse> PlanAsync(string slug, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<PlanResponse>(Route(slug) + "/plan", cancellationToken);

    /// <summary>What a manifest that is not applied would do to it; nothing is stored.</summary>
    public async Task<PlanResponse> PlanAsync(string slug, ApplyAppRequest manifest, CancellationToken cancellationToken = default)
    {
        using var message = _transport.Request(HttpMethod.Post, Route(slug) + "/plan");
        message.Content = Transport.Json(manifest);
        using var response = await _transport.SendAsync(message, cancellationToken);
        return await _transport.ReadAsync<PlanResponse>(response, cancellationToken);
    }

    /// <summary>What it uses now.</summary>
    public Task<StatsResponse> GetStatsAsync(string slug, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<StatsResponse>(Route(slug) + "/stats", cancellationToken);

    /// <summary>What it printed, in order of time.</summary>
    public async IAsyncEnumerable<LogLineResponse> ReadLogsAsync(string slug, LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var request = _transport.Request(HttpMethod.Get, Route(slug) + "/logs" + QueryText.Of(
            ("service", query.Service),
            ("tail", query.Tail?.ToString()),
            ("since", query.Since?.UtcDateTime.ToString("O")),
            ("follow", query.Follow ? "true" : null)));
        using var response = await _transport.SendAsync(request, cancellationToken);
        await foreach (var line in EventStream.ReadLinesAsync<LogLineResponse>(_transport, response, cancellationToken))
            yield return line;
    }

    /// <summary>Runs a command inside it, with its user, limits and namespaces; returns the command's exit code.</summary>
    /// <param name="slug">Which one.</param>
    /// <param name="start">The command.</param>
    /// <param name="streams">Its standard input, output and error.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    public Task<int> ExecAsync(string slug, ExecStartRequest start, ExecStreams streams, CancellationToken cancellationToken = default) =>
        ExecSession.RunAsync(_transport, Route(slug) + "/exec", start, streams, cancellationToken);

    /// <summary>Writes a tar of all its volumes.</summary>
    /// <exception cref="TenantryUnavailableException">The connection broke: what was written is not whole.</exception>
    /// <exception cref="TenantryException">It was refused, or failed on the way: then what was written is not whole.</exception>
    public async Task ExportDataAsync(string slug, Stream output, CancellationToken cancellationToken = default)
    {
        using var request = _transport.Request(HttpMethod.Get, Route(slug) + "/data");
        request.Headers.Add(ProblemAtEnd.Field, ProblemAtEnd.Value);
        using var response = await _transport.SendAsync(request, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[ProblemAtEnd.MostBytes + 81920];
        var kept = 0;
        while (true)
        {
            int count;
            try
            {
                count = await body.ReadAsync(buffer.AsMemory(kept), cancellationToken);
            }
            catch (Exception broken) when (broken is HttpIOException or IOException)
            {
                throw new TenantryUnavailableException(_transport.Address, broken);
            }

            if (count == 0)
                break;
            await output.WriteAsync(buffer.AsMemory(kept, count), cancellationToken);
            kept += count;
            if (kept > ProblemAtEnd.MostBytes)
            {
                buffer.AsSpan(kept - ProblemAtEnd.MostBytes, ProblemAtEnd.MostBytes).CopyTo(buffer);
                kept = ProblemAtEnd.MostBytes;
            }
        }

        if (Transport.FindProblem(buffer.AsSpan(0, kept)) is { } problem)
            throw new TenantryException((System.Net.HttpStatusCode)problem.Status, problem);
    }

    /// <summary>Replaces all its volumes with what the tar holds. It must be asleep. A stream that can seek can be sent or previewed again.</summary>
    public Change<string> ImportData(string slug, Stream tar) =>
        _transport.Empty(HttpMethod.Put, Route(slug) + "/data", slug, () =>
        {
            if (tar.CanSeek)
                tar.Position = 0;
            var content = new StreamContent(tar);
            content.Headers.ContentType = new("application/x-tar");
            return content;
        });

    private static string Route(string slug) => "v1/instances/" + Uri.EscapeDataString(slug);
}
