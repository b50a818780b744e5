using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;

namespace Tenantry.Server.Sleeping;

/// <summary>The gateways that are connected: what they see of instances, and the gate that they close before one is put to rest.</summary>
public sealed class GatewayHub(TimeProvider time) : IRestGate
{
    private static readonly TimeSpan SilentAfter = GateReport.Every * 5;
    private static readonly TimeSpan ReplyTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ForcedReplyTime = Gateway.Waking.EngineAttendance.Grace + ReplyTime;
    private readonly ConcurrentDictionary<long, ConnectedGateway> gateways = new();
    private readonly ConcurrentDictionary<string, byte> closed = new(StringComparer.Ordinal);

    // When instances were last used through gateways that left, as far as nobody came since: who comes counts everything as used just then.
    private readonly ConcurrentDictionary<string, DateTimeOffset> left = new(StringComparer.Ordinal);
    private long numbers;

    /// <summary>Told what a wake came to at its first byte.</summary>
    public Action<FirstByte>? FirstByteSeen { get; set; }

    /// <summary>For tests: called before a gateway that comes is told of an instance that is being put to rest.</summary>
    internal Action? Closing { get; set; }

    /// <summary>A gateway is there until its reports end or it is cancelled; gives what it is to do.</summary>
    public async IAsyncEnumerable<GateOrder> AttendAsync(ChannelReader<GateReport> reports, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref numbers);
        var gateway = new ConnectedGateway(time);
        gateways.TryAdd(number, gateway);
        left.Clear();
        foreach (var id in closed.Keys)
        {
            Closing?.Invoke();
            gateway.Tell(new GateOrder(GateOrderKind.Close, id, 0, Force: true));
            // The rest may have ended just before: then nobody else opens that gate.
            if (!closed.ContainsKey(id))
                gateway.Tell(new GateOrder(GateOrderKind.Rested, id));
        }

        var listening = ListenAsync(gateway, reports, cancellationToken);
        try
        {
            await foreach (var order in gateway.Orders.ReadAllAsync(cancellationToken))
                yield return order;
        }
        finally
        {
            Remember(gateway);
            gateways.TryRemove(number, out _);
            gateway.Leave();
            await listening;
            Remember(gateway);
        }
    }

    /// <summary>What all gateways together see of an instance; null when nobody can say: none is connected, or one is silent.</summary>
    public InstanceTraffic? TrafficOf(string instanceId)
    {
        var now = time.GetUtcNow();
        InstanceTraffic? all = null;
        foreach (var gateway in gateways.Values)
        {
            if (now - gateway.HeardAt > SilentAfter)
                return null;
            var seen = gateway.TrafficOf(instanceId);
            all = all is null ? seen : new(all.Requests + seen.Requests, all.Streams + seen.Streams, all.LastAt > seen.LastAt ? all.LastAt : seen.LastAt);
        }

        return all is not null && left.TryGetValue(instanceId, out var before) && before > all.LastAt ? all with { LastAt = before } : all;
    }

    /// <inheritdoc/>
    public async ValueTask<IRestPermit?> CloseAsync(string instanceId, bool force, DateTimeOffset? idleSince, CancellationToken cancellationToken)
    {
        // Who comes from now on is told; who is there is asked.
        closed.TryAdd(instanceId, 0);
        var permit = new Permit(this, instanceId);
        var asked = gateways.Values.ToList();
        var quiet = time.GetUtcNow() - idleSince;
        if (asked.Count == 0 && !force)
        {
            permit.Give(GateOrderKind.Open);
            return null;
        }

        try
        {
            var answers = await Task.WhenAll(asked.Select(gateway => gateway.CloseAsync(
                new GateOrder(GateOrderKind.Close, instanceId, Interlocked.Increment(ref numbers), force, quiet?.TotalSeconds), force ? ForcedReplyTime : ReplyTime, cancellationToken)));
            if (force || Array.TrueForAll(answers, yes => yes))
                return permit;
        }
        catch
        {
            permit.Give(GateOrderKind.Open);
            throw;
        }

        permit.Give(GateOrderKind.Open);
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<IAsyncDisposable> DrainAsync(string instanceId, CancellationToken cancellationToken) =>
        new Drained((Permit)(await CloseAsync(instanceId, force: true, idleSince: null, cancellationToken))!);

    private void Remember(ConnectedGateway gateway)
    {
        foreach (var (id, at) in gateway.LastUses())
            left.AddOrUpdate(id, static (_, now) => now, static (_, before, now) => before > now ? before : now, at);
    }

    private async Task ListenAsync(ConnectedGateway gateway, ChannelReader<GateReport> reports, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var report in reports.ReadAllAsync(cancellationToken))
            {
                gateway.Take(report);
                if (report.FirstByte is { } first)
                    FirstByteSeen?.Invoke(first);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // It left.
        }
        finally
        {
            gateway.Leave();
        }
    }

    private sealed class Drained(Permit permit) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            permit.Give(GateOrderKind.Open);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Permit(GatewayHub hub, string instanceId) : IRestPermit
    {
        public void Give(GateOrderKind kind)
        {
            hub.closed.TryRemove(instanceId, out _);
            foreach (var gateway in hub.gateways.Values)
                gateway.Tell(new GateOrder(kind, instanceId));
        }

        public ValueTask DisposeAsync()
        {
            Give(GateOrderKind.Rested);
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>Requests and streams of an instance, and when anything last moved.</summary>
public sealed record InstanceTraffic(int Requests, int Streams, DateTimeOffset LastAt);
