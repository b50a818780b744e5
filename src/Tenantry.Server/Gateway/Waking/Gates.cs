using System.Collections.Concurrent;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>The gate of each instance that was asked for.</summary>
public sealed class Gates(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, InstanceGate> gates = new(StringComparer.Ordinal);
    private readonly long begin = time.GetTimestamp();

    /// <summary>Called when something moves on a stream of an instance that rests.</summary>
    internal Action<InstanceGate>? Wanted { get; set; }

    internal IEnumerable<InstanceGate> All => gates.Values;

    internal InstanceGate Of(string instanceId) => gates.TryGetValue(instanceId, out var gate)
        ? gate
        : gates.GetOrAdd(instanceId, id => new InstanceGate(id, time, begin) { Wanted = wanted => Wanted?.Invoke(wanted) });

    internal void Forget(string instanceId) => gates.TryRemove(instanceId, out _);

    /// <summary>Takes in other routes, and forgets instances that none leads to.</summary>
    public void Follow(RouteTable table)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var route in table.Hosts.Values)
        {
            known.Add(route.InstanceId);
            if (gates.TryGetValue(route.InstanceId, out var gate))
                gate.Follow(route);
        }

        foreach (var gate in gates.Values.Where(gate => !gate.IsUsed && !known.Contains(gate.InstanceId)))
            gates.TryRemove(gate.InstanceId, out _);
    }
}
