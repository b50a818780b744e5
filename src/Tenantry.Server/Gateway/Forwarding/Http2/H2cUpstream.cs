namespace Tenantry.Server.Gateway.Forwarding.Http2;

/// <summary>The connections to one upstream, and how many requests are under way on them all: their handler does not say which has which.</summary>
/// <param name="instanceId">Whose they are.</param>
/// <param name="name">What the handler knows them by. After <see cref="TryClose"/> nothing has that name any more: no request is given a connection that was closed under its handler's hands.</param>
/// <param name="time">The clock.</param>
internal sealed class H2cUpstream(string instanceId, string name, TimeProvider time)
{
    private readonly Lock changing = new();
    private readonly HashSet<H2cConnection> connections = [];
    private int requests;
    private long movedAt;
    private bool isClosed;

    public string InstanceId => instanceId;

    public string Name => name;

    /// <summary>Since when all of its connections wait; null while one is used, or there is none.</summary>
    public long? IdleSince
    {
        get
        {
            lock (changing)
                return isClosed || requests > 0 || connections.Count == 0 ? null : movedAt;
        }
    }

    /// <summary>A request goes to it. False: it is closed, and another takes its place.</summary>
    public bool TryEnter()
    {
        lock (changing)
        {
            requests += isClosed ? 0 : 1;
            return !isClosed;
        }
    }

    /// <summary>The request is over. True: nothing is left of it.</summary>
    public bool Leave()
    {
        lock (changing)
        {
            requests--;
            movedAt = time.GetTimestamp();
            return CloseIfEmpty();
        }
    }

    /// <summary>One was made. False: nobody wants it any more.</summary>
    public bool TryAdd(H2cConnection connection)
    {
        lock (changing)
            return !isClosed && connections.Add(connection);
    }

    /// <summary>One was closed. True: nothing is left of it.</summary>
    public bool Remove(H2cConnection connection)
    {
        lock (changing)
            return connections.Remove(connection) && CloseIfEmpty();
    }

    /// <summary>For good, unless a request is under way.</summary>
    public bool TryClose()
    {
        H2cConnection[] waiting;
        lock (changing)
        {
            if (isClosed || requests > 0)
                return false;
            isClosed = true;
            waiting = [.. connections];
            connections.Clear();
        }

        foreach (var connection in waiting)
            connection.Dispose();
        return true;
    }

    private bool CloseIfEmpty() => isClosed |= requests == 0 && connections.Count == 0;
}
