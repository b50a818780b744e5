using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>Keeps the engine told of what goes to instances, and does what it says at the gates.</summary>
public sealed class EngineAttendance(IEngineLink engine, Gates gates, TimeProvider time, ILogger<EngineAttendance> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    /// <summary>How long requests under way have to end when a person puts their instance to rest.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private const int MostInOne = 1000;
    private volatile Channel<GateReport>? reports;

    /// <summary>Told of each instance that rests from now on.</summary>
    internal Action<string>? Rested { get; set; }

    /// <summary>Tells what a wake came to. Without an engine nobody wants to know.</summary>
    internal void Tell(FirstByte first) => reports?.Writer.TryWrite(new GateReport([], FirstByte: first));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var wasAway = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var channel = Channel.CreateUnbounded<GateReport>();
            Report(channel.Writer, since: null);
            reports = channel;
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var reporting = ReportAsync(channel.Writer, ending.Token);
            try
            {
                await foreach (var order in engine.AttendAsync(channel.Reader, stoppingToken))
                {
                    wasAway = false;
                    Take(order, channel.Writer);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // The gateway stops.
            }
            catch (Exception failure)
            {
                if (!wasAway)
                    log.LogWarning("The engine is away: open instances are served, resting ones are held. {Reason}", failure.Message);
                wasAway = true;
            }

            reports = null;
            await ending.CancelAsync();
            await reporting;

            // What it was about to do is not known: whoever comes asks.
            foreach (var gate in gates.All)
                gate.Rest();
            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Take(GateOrder order, ChannelWriter<GateReport> replies)
    {
        var gate = gates.Of(order.InstanceId);
        switch (order.Kind)
        {
            case GateOrderKind.Close:
                _ = CloseAsync(gate, order, replies);
                break;
            case GateOrderKind.Rested:
                Rested?.Invoke(order.InstanceId);
                gate.Rest();
                break;
            default:
                gate.Open();
                break;
        }
    }

    // Nobody new comes in; who is in may finish, within reason.
    private async Task CloseAsync(InstanceGate gate, GateOrder order, ChannelWriter<GateReport> replies)
    {
        var isClosed = gate.Close(order.Force, order.QuietSeconds is { } quiet ? TimeSpan.FromSeconds(quiet) : null);
        var begin = time.GetTimestamp();
        while (order.Force && gate.Requests > 0 && time.GetElapsedTime(begin) < Grace)
            await Task.Delay(Look, time);
        replies.TryWrite(new GateReport([Use(gate)], new GateReply(order.Ticket, isClosed)));
    }

    private async Task ReportAsync(ChannelWriter<GateReport> to, CancellationToken cancellationToken)
    {
        var last = time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(GateReport.Every, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = time.GetTimestamp();
            Report(to, last);
            last = now;
        }
    }

    // In pieces: what is said to the engine at once has its longest size. One that ended since the last report moved since then, too.
    private void Report(ChannelWriter<GateReport> to, long? since)
    {
        var uses = gates.All.Where(gate => since is null || gate.IsUsed || gate.MovedAt >= since || gate.ProbedAt >= since).Select(Use).Chunk(MostInOne).ToList();
        if (uses.Count == 0)
            to.TryWrite(new GateReport([]));
        foreach (var piece in uses)
            to.TryWrite(new GateReport(piece));
    }

    private InstanceUse Use(InstanceGate gate) => new(gate.InstanceId, gate.Requests, gate.Streams, time.GetElapsedTime(gate.MovedAt).TotalSeconds);
}
