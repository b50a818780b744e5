using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Tenantry.Server.Gateway.Forwarding.Http2;

/// <summary>Connections to apps that speak HTTP/2. <see cref="SocketsHttpHandler"/> keeps them and closes none before its time; those to an upstream that nothing goes to can be closed here.</summary>
internal sealed class H2cConnections(IUpstreamConnector connector, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, H2cUpstream> upstreams = new(StringComparer.Ordinal);

    // Between making one and closing one: how often any was closed is part of its name.
    private readonly Lock naming = new();
    private long closings;

    /// <summary>A request goes there until <see cref="Leave"/>.</summary>
    public H2cUpstream Enter(Route route)
    {
        while (true)
        {
            var upstream = upstreams.GetValueOrDefault(route.Upstream) ?? Make(route);
            if (upstream.TryEnter())
                return upstream;
            Forget(route.Upstream, upstream);
        }
    }

    public void Leave(Route route, H2cUpstream upstream)
    {
        if (upstream.Leave())
            Forget(route.Upstream, upstream);
    }

    /// <summary>A connection for requests that entered there.</summary>
    public async ValueTask<Stream> ConnectAsync(Route route, H2cUpstream upstream, CancellationToken cancellationToken)
    {
        var connection = new H2cConnection(await connector.ConnectAsync(route, cancellationToken), closed =>
        {
            if (upstream.Remove(closed))
                Forget(route.Upstream, upstream);
        });
        if (upstream.TryAdd(connection))
            return connection;
        await connection.DisposeAsync();
        throw new IOException("Whoever wanted the connection has left.");
    }

    /// <summary>Closes those to that instance, unless a request is under way.</summary>
    public void CloseOf(string instanceId)
    {
        foreach (var (key, upstream) in upstreams)
        {
            if (upstream.InstanceId == instanceId)
                TryClose(key, upstream);
        }
    }

    /// <summary>As <see cref="ConnectionPool.CloseOldest"/>: an eighth of the upstreams that wait, and at least one. False when none waits.</summary>
    public bool CloseOldest(Predicate<string> isOf)
    {
        var waiting = upstreams.Select(one => (one.Key, Upstream: one.Value, one.Value.IdleSince)).Where(one => one.IdleSince is not null && isOf(one.Upstream.InstanceId))
            .OrderBy(one => one.IdleSince).ToList();
        var closed = 0;
        foreach (var (key, upstream, _) in waiting)
        {
            // One that was taken just now makes no room.
            if (closed <= waiting.Count / 8 && TryClose(key, upstream))
                closed++;
        }

        return closed > 0;
    }

    private H2cUpstream Make(Route route)
    {
        lock (naming)
            return upstreams.GetOrAdd(route.Upstream, static (key, made) => new H2cUpstream(made.InstanceId, $"{key}-{made.closings}", made.time), (route.InstanceId, closings, time));
    }

    private bool TryClose(string key, H2cUpstream upstream)
    {
        lock (naming)
        {
            if (!upstream.TryClose())
                return false;
            closings++;
            Forget(key, upstream);
            return true;
        }
    }

    private void Forget(string key, H2cUpstream upstream) => upstreams.TryRemove(KeyValuePair.Create(key, upstream));
}

/// <summary>One connection, of which it is told when it is closed, by whomever.</summary>
internal sealed class H2cConnection(Socket socket, Action<H2cConnection> closed) : NetworkStream(socket, ownsSocket: true)
{
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            closed(this);
    }
}
