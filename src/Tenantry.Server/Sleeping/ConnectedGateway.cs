using System.Collections.Concurrent;
using System.Threading.Channels;
using Tenantry.Server.Engine;

namespace Tenantry.Server.Sleeping;

/// <summary>One gateway as the engine knows it.</summary>
internal sealed class ConnectedGateway(TimeProvider time)
{
    private readonly Channel<GateOrder> orders = Channel.CreateUnbounded<GateOrder>();
    private readonly ConcurrentDictionary<long, TaskCompletionSource<bool>> replies = new();
    private readonly ConcurrentDictionary<string, InstanceTraffic> traffic = new(StringComparer.Ordinal);

    // What was before it came is not known: as if everything had been used just then.
    private readonly DateTimeOffset since = time.GetUtcNow();
    private long heardTicks = time.GetUtcNow().UtcTicks;

    public ChannelReader<GateOrder> Orders => orders.Reader;

    public DateTimeOffset HeardAt => new(Interlocked.Read(ref heardTicks), TimeSpan.Zero);

    public void Tell(GateOrder order) => orders.Writer.TryWrite(order);

    public InstanceTraffic TrafficOf(string instanceId) =>
        traffic.TryGetValue(instanceId, out var seen) ? seen with { LastAt = seen.LastAt > since ? seen.LastAt : since } : new InstanceTraffic(0, 0, since);

    /// <summary>When each instance was last used through it; what is under way ends as it leaves.</summary>
    public IEnumerable<(string InstanceId, DateTimeOffset At)> LastUses()
    {
        var now = time.GetUtcNow();
        return traffic.Select(one => (one.Key, one.Value is { Requests: 0, Streams: 0 } ? one.Value.LastAt : now));
    }

    public void Take(GateReport report)
    {
        var now = time.GetUtcNow();
        Interlocked.Exchange(ref heardTicks, now.UtcTicks);
        foreach (var use in report.Uses)
            traffic[use.InstanceId] = new InstanceTraffic(use.Requests, use.Streams, now - TimeSpan.FromSeconds(use.QuietSeconds));
        if (report.Reply is { } reply && replies.TryRemove(reply.Ticket, out var waiting))
            waiting.TrySetResult(reply.IsQuiet);
    }

    /// <summary>False also when it does not say so in time, or leaves.</summary>
    public async Task<bool> CloseAsync(GateOrder order, TimeSpan patience, CancellationToken cancellationToken)
    {
        var waiting = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        replies.TryAdd(order.Ticket, waiting);
        if (!orders.Writer.TryWrite(order))
            return false;
        try
        {
            return await waiting.Task.WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return false;
        }
        finally
        {
            replies.TryRemove(order.Ticket, out _);
        }
    }

    public void Leave()
    {
        orders.Writer.TryComplete();
        foreach (var waiting in replies.Values)
            waiting.TrySetResult(false);
    }
}
