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

namespace Tenantry.Server.Instances;

/// <summary>What an instance prints and uses, and commands inside it.</summary>
internal static class StreamsApi
{
    public static void MapStreams(this IEndpointRouteBuilder instances)
    {
        instances.MapGet("/{slug}/logs", LogsAsync).Takes("service", "tail", "since", "follow").Produces<LogLineResponse>(200, LogStream.ContentType).Streams();
        instances.MapGet("/{slug}/stats", StatsAsync);
        instances.MapGet("/{slug}/exec", ExecAsync).WithSummary($"A WebSocket with the subprotocol {ExecChannel.Protocol}: a command inside the instance.").Produces(StatusCodes.Status101SwitchingProtocols).Streams();
    }

    private static async Task<LogStream> LogsAsync(
        string slug,
        string? service,
        string? tail,
        string? since,
        string? follow,
        IStore store,
        IEngineLink engine,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var request = ReadQuery(service, tail, since, follow);
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        await ServiceNames.CheckAsync(store, record, service, cancellationToken);
        return new LogStream(token => engine.ReadLogsAsync(record.Spec.Id, request, token), time);
    }

    private static LogRequest ReadQuery(string? service, string? tail, string? since, string? follow)
    {
        var errors = new List<ProblemError>();
        int? lines = null;
        if (tail is not null)
        {
            if (int.TryParse(tail, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                lines = number;
            else
                errors.Add(new ProblemError("tail", "A whole number of lines is expected."));
        }

        DateTimeOffset? from = null;
        if (since is not null)
        {
            if (DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment))
                from = moment;
            else
                errors.Add(new ProblemError("since", "A time such as 2026-11-02T03:04:05Z is expected."));
        }

        if (follow is not (null or "true" or "false"))
            errors.Add(new ProblemError("follow", "true or false is expected."));
        return errors.Count == 0 ? new LogRequest(service, lines, from, follow == "true") : throw ProblemException.Invalid(errors);
    }

    private static async Task<Ok<StatsResponse>> StatsAsync(string slug, IStore store, IEngineLink engine, CancellationToken cancellationToken)
    {
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        var stats = await engine.ReadStatsAsync(record.Spec.Id, cancellationToken);
        return TypedResults.Ok(new StatsResponse(
            slug,
            stats.At,
            stats.CpuSeconds,
            stats.MemoryBytes,
            stats.MemoryLimitBytes,
            stats.Pids,
            stats.DiskBytes,
            stats.ReceivedBytes,
            stats.SentBytes,
            stats.Restarts));
    }

    private static async Task ExecAsync(string slug, HttpContext context, IStore store, ExecSession session, CancellationToken cancellationToken)
    {
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        if (!context.WebSockets.IsWebSocketRequest || !context.WebSockets.WebSocketRequestedProtocols.Contains(ExecChannel.Protocol))
            throw new ProblemException(
                StatusCodes.Status426UpgradeRequired, ProblemCodes.BadRequest, $"A WebSocket with the subprotocol {ExecChannel.Protocol} is expected here.");
        using var socket = await context.WebSockets.AcceptWebSocketAsync(ExecChannel.Protocol);
        await session.RunAsync(record, socket, context, cancellationToken);
    }
}
