using System.Collections.Concurrent;

namespace Tenantry.Server.Reconciling;

/// <summary>Commands that people run inside instances through this engine. One that waits for somebody uses nothing, and is work all the same.</summary>
public sealed class InstanceCommands(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, CommandsSeen> seen = new(StringComparer.Ordinal);

    /// <summary>Runs one, and counts it until it has ended.</summary>
    public async Task<T> RunAsync<T>(string instanceId, Func<Task<T>> command)
    {
        Count(instanceId, 1);
        try
        {
            return await command();
        }
        finally
        {
            Count(instanceId, -1);
        }
    }

    public CommandsSeen Of(string instanceId) => seen.GetValueOrDefault(instanceId);

    /// <summary>The instance is gone.</summary>
    public void Forget(string instanceId)
    {
        if (seen.TryGetValue(instanceId, out var last) && last.Running == 0)
            seen.TryRemove(KeyValuePair.Create(instanceId, last));
    }

    private void Count(string instanceId, int more)
    {
        // As exact as a decision that was read from the store: what it was judged from is not later than it.
        var now = time.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        seen.AddOrUpdate(instanceId, _ => new CommandsSeen(more, now), (_, before) => new CommandsSeen(before.Running + more, now));
    }
}

/// <summary>Commands inside one instance.</summary>
/// <param name="Running">How many run now.</param>
/// <param name="LastAt">When the last one began or ended; null: there was none.</param>
public readonly record struct CommandsSeen(int Running, DateTimeOffset? LastAt);
