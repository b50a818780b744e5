using System.Collections.Concurrent;
using System.Diagnostics;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Sockets to instances that may be open at once: in use, idle, and in stock. Without an end to them none could be made any more, for anybody. The last
/// sixteenth is for instances that have few: whoever is flooded leaves room to its neighbours.
/// </summary>
public sealed class SocketBudget(int most)
{
    private const int OtherFiles = 512;
    private const int Few = 16;
    private static readonly TimeSpan Fruitless = TimeSpan.FromMilliseconds(100);
    private readonly ConcurrentDictionary<string, int> held = new(StringComparer.Ordinal);
    private readonly Lock making = new();
    private int count;
    private long fruitlessUntil;

    /// <summary>Half of the files that this process may have open, less some for itself: the other half is for its clients.</summary>
    public static int MostOfThisProcess { get; } = (int)Math.Max(256, ((long)Math.Min(OpenFileLimit.Hard() ?? 65_536, 1 << 20) - OtherFiles) / 2);

    /// <summary>Closes some sockets that nobody uses, of instances for which it is true; false when there are none.</summary>
    public Func<Predicate<string>, bool> MakeRoom { get; set; } = _ => false;

    /// <summary>True while there is plenty: sockets may be made that nobody needs yet.</summary>
    public bool HasPlenty => Volatile.Read(ref count) < most / 2;

    /// <summary>Counts one more for that instance, closing idle ones when there is no room. <see cref="Return"/> follows.</summary>
    /// <exception cref="NoRoomException">There is none.</exception>
    public ValueTask TakeAsync(string instanceId) => TryTake(instanceId) ? default : MakeRoomAsync(instanceId);

    /// <summary>As <see cref="TakeAsync"/>, closing none: false when there is no room.</summary>
    public bool TryTake(string instanceId)
    {
        var all = Interlocked.Increment(ref count);
        var own = held.AddOrUpdate(instanceId, 1, static (_, before) => before + 1);
        if (all <= most && (own <= Few || all <= most - (most / 16)))
            return true;
        Return(instanceId);
        return false;
    }

    /// <summary>One of that instance's was closed.</summary>
    public void Return(string instanceId)
    {
        Interlocked.Decrement(ref count);
        if (held.AddOrUpdate(instanceId, 0, static (_, before) => before - 1) == 0)
            held.TryRemove(KeyValuePair.Create(instanceId, 0));
    }

    private async ValueTask MakeRoomAsync(string instanceId)
    {
        // To look through all that wait takes long.
        await PollingThread.LeaveAsync();
        if (held.GetValueOrDefault(instanceId) >= Few && Stopwatch.GetTimestamp() < Volatile.Read(ref fruitlessUntil))
            throw new NoRoomException();
        lock (making)
        {
            while (!TryTake(instanceId))
            {
                var own = held.GetValueOrDefault(instanceId);
                // Whoever has many may have what those wait with who have as many, and nothing of its neighbours'.
                if (own < Few ? MakeRoom(static _ => true) : MakeRoom(other => held.GetValueOrDefault(other) >= own))
                    continue;
                if (own >= Few)
                    Volatile.Write(ref fruitlessUntil, Stopwatch.GetTimestamp() + (long)(Fruitless.TotalSeconds * Stopwatch.Frequency));
                throw new NoRoomException();
            }
        }
    }
}

/// <summary>As many sockets to instances are open as may be.</summary>
public sealed class NoRoomException() : IOException("As many connections to instances are open as this gateway may have (half of LimitNOFILE); raise it.");
