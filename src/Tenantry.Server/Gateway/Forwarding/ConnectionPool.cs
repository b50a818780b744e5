using System.Collections.Concurrent;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Connections that wait for the next request, one stack for each upstream: what one instance has sent can reach nobody but its own
/// clients. Closes what is spoilt, idle for too long or over its time.
/// </summary>
internal sealed class ConnectionPool : IDisposable
{
    private const int MostIdle = 512;
    private const int Near = 32;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<string, List<InstanceConnection>> idle = new(StringComparer.Ordinal);
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
                taken = Pop(stack);
            }

            if (taken is null)
                return null;

            if (!taken.IsSpoilt)
                return taken;
            Remove(taken);
        }
    }

    // The one that rested last; among the last few rather one that is polled by this very thread, which then need not be woken for it.
    private static InstanceConnection? Pop(List<InstanceConnection> stack)
    {
        if (stack.Count == 0)
            return null;
        var thread = Environment.CurrentManagedThreadId;
        var place = stack.Count - 1;
        for (var i = place; i >= Math.Max(0, stack.Count - Near); i--)
        {
            if (stack[i].Thread == thread)
            {
                place = i;
                break;
            }
        }

        var taken = stack[place];
        stack.RemoveAt(place);
        return taken;
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
            var stack = idle.GetOrAdd(upstream, static _ => []);
            lock (stack)
            {
                // An empty stack may have been thrown away in between.
                if (!idle.TryGetValue(upstream, out var present) || present != stack)
                    continue;
                if (!isClosed && stack.Count < MostIdle)
                {
                    stack.Add(connection);
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

    /// <summary>Closes those to that instance that wait.</summary>
    public void CloseOf(string instanceId)
    {
        foreach (var (upstream, stack) in idle)
        {
            lock (stack)
            {
                if (stack.Count == 0 || stack[0].InstanceId != instanceId)
                    continue;
            }

            Thin(upstream, stack, long.MaxValue);
        }
    }

    /// <summary>Of those that wait, to instances for which it is true, closes an eighth, and at least one: those that have waited longest. False when none waits.</summary>
    public bool CloseOldest(Predicate<string> isOf)
    {
        var ages = new List<long>();
        var stacks = new List<(string Upstream, List<InstanceConnection> Stack)>();
        foreach (var (upstream, stack) in idle)
        {
            lock (stack)
            {
                if (stack.Count == 0 || !isOf(stack[0].InstanceId))
                    continue;
                ages.AddRange(stack.Select(connection => connection.MovedAt));
            }

            stacks.Add((upstream, stack));
        }

        if (ages.Count == 0)
            return false;
        ages.Sort();
        foreach (var (upstream, stack) in stacks)
            Thin(upstream, stack, ages[ages.Count / 8]);
        return true;
    }

    private void LookAfter()
    {
        var now = options.Time.GetTimestamp();
        var farewell = (long)(options.FarewellTimeout.TotalSeconds * options.Time.TimestampFrequency);
        foreach (var (connection, _) in all)
        {
            if (now >= connection.AnswerBy || now >= connection.EndBy || connection.IsNotTaken(now) || connection.LongestPause <= now - connection.MovedAt
                || connection.Tunnel?.IsOver(now, connection.MovedAt, farewell) == true)
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

    private void Thin(string upstream, List<InstanceConnection> stack, long oldest)
    {
        List<InstanceConnection>? gone = null;
        lock (stack)
        {
            stack.RemoveAll(connection =>
            {
                var isOver = connection.IsSpoilt || connection.MovedAt <= oldest;
                if (isOver)
                    (gone ??= []).Add(connection);
                return isOver;
            });
            if (stack.Count == 0)
                idle.TryRemove(new KeyValuePair<string, List<InstanceConnection>>(upstream, stack));
        }

        foreach (var connection in gone ?? [])
            Remove(connection);
    }
}
