using System.Collections.Concurrent;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Connections that wait for the next request, one stack for each upstream: what one instance has sent can reach nobody but its own
/// clients. Closes what is spoilt, idle for too long or over its time.
/// </summary>
internal sealed class ConnectionPool : IDisposable
{
    private const int MostIdle = 512;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<string, Stack<InstanceConnection>> idle = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<InstanceConnection, byte> all = new();
    private readonly ForwarderOptions options;
    private readonly ITimer timer;
    private bool isClosed;
    private int isLooking;

    public ConnectionPool(ForwarderOptions options)
    {
        this.options = options;
        timer = options.Time.CreateTimer(static pool => ((ConnectionPool)pool!).LookAfter(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A connection that was used before and seems well, or null.</summary>
    public InstanceConnection? Take(string upstream)
    {
        if (!idle.TryGetValue(upstream, out var stack))
            return null;
        while (true)
        {
            InstanceConnection? taken;
            lock (stack)
            {
                if (!stack.TryPop(out taken))
                    return null;
            }

            if (!taken.IsSpoilt)
                return taken;
            Remove(taken);
        }
    }

    public void Add(InstanceConnection connection)
    {
        all[connection] = 0;
        if (Interlocked.Exchange(ref isLooking, 1) == 0)
            timer.Change(Look, Look);
    }

    /// <summary>The answer was taken whole: the connection can serve again.</summary>
    public void Return(string upstream, InstanceConnection connection)
    {
        if (connection.IsClosed || !connection.Unread.IsEmpty || !connection.Rest())
        {
            Remove(connection);
            return;
        }

        while (true)
        {
            var stack = idle.GetOrAdd(upstream, static _ => new Stack<InstanceConnection>());
            lock (stack)
            {
                // An empty stack may have been thrown away in between.
                if (!idle.TryGetValue(upstream, out var present) || present != stack)
                    continue;
                if (!isClosed && stack.Count < MostIdle)
                {
                    stack.Push(connection);
                    return;
                }
            }

            Remove(connection);
            return;
        }
    }

    public void Remove(InstanceConnection connection)
    {
        all.TryRemove(connection, out _);
        connection.Dispose();
    }

    public void Dispose()
    {
        isClosed = true;
        timer.Dispose();
        foreach (var connection in all.Keys)
            connection.Close();
    }

    private void LookAfter()
    {
        var now = options.Time.GetTimestamp();
        foreach (var (connection, _) in all)
        {
            if (now >= connection.AnswerBy || now >= connection.EndBy || now - connection.MovedAt >= connection.LongestPause)
                connection.TimeOut();
        }

        var longest = (long)(options.IdleTimeout.TotalSeconds * options.Time.TimestampFrequency);
        foreach (var (upstream, stack) in idle)
            Thin(upstream, stack, now - longest);
        if (all.IsEmpty)
            Rest();
    }

    // Whoever adds one meanwhile either sees that nobody looks, or is seen here.
    private void Rest()
    {
        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Volatile.Write(ref isLooking, 0);
        if (!all.IsEmpty && Interlocked.Exchange(ref isLooking, 1) == 0)
            timer.Change(Look, Look);
    }

    private void Thin(string upstream, Stack<InstanceConnection> stack, long oldest)
    {
        List<InstanceConnection>? gone = null;
        lock (stack)
        {
            if (stack.Any(connection => connection.IsSpoilt || connection.MovedAt <= oldest))
            {
                gone = [];
                var kept = new List<InstanceConnection>(stack.Count);
                foreach (var connection in stack)
                    (connection.IsSpoilt || connection.MovedAt <= oldest ? gone : kept).Add(connection);
                stack.Clear();
                for (var i = kept.Count - 1; i >= 0; i--)
                    stack.Push(kept[i]);
            }

            if (stack.Count == 0)
                idle.TryRemove(new KeyValuePair<string, Stack<InstanceConnection>>(upstream, stack));
        }

        foreach (var connection in gone ?? [])
            Remove(connection);
    }
}
