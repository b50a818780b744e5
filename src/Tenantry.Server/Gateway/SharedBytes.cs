using System.Collections.Concurrent;

namespace Tenantry.Server.Gateway;

/// <summary>Memory for what the clients of many instances have sent: no instance's get more than an eighth of it.</summary>
internal sealed class SharedBytes(long most)
{
    private readonly ConcurrentDictionary<string, long> held = new(StringComparer.Ordinal);
    private long all;

    /// <summary>Most that one instance's clients get.</summary>
    public long MostOfOne { get; } = most / 8;

    /// <summary>False, and nothing taken, when there is not so much. <see cref="Return"/> follows.</summary>
    public bool TryTake(string instanceId, long bytes)
    {
        var own = held.AddOrUpdate(instanceId, static (_, more) => more, static (_, before, more) => before + more, bytes);
        if (Interlocked.Add(ref all, bytes) <= most && own <= MostOfOne)
            return true;
        Return(instanceId, bytes);
        return false;
    }

    public void Return(string instanceId, long bytes)
    {
        Interlocked.Add(ref all, -bytes);
        if (held.AddOrUpdate(instanceId, static (_, less) => -less, static (_, before, less) => before - less, bytes) == 0)
            held.TryRemove(KeyValuePair.Create(instanceId, 0L));
    }
}
