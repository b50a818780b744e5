using System.Collections.Concurrent;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws;

/// <summary>
/// When an instance was last compared with what is really there, and what differed: a plan takes seconds of processor time, so that it is made at times and not at each look. Known
/// as long as this process lives; the first comparison after a start comes at a moment of chance, so that not all come at once.
/// </summary>
internal sealed class PlanMemory(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Entry> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, IReadOnlyList<TerraformMessage>> _new = new(StringComparer.Ordinal);

    /// <summary>What differed at the last comparison, when that is young enough and nothing changed since; else null: compare.</summary>
    internal IReadOnlyList<TerraformMessage>? Find(string instanceId, string state, TimeSpan age)
    {
        var now = time.GetUtcNow();
        var entry = _known.GetOrAdd(instanceId, _ => new Entry(now - (age * Random.Shared.NextDouble()), null, []));
        if (now - entry.At >= age || (entry.State is not null && entry.State != state))
            return null;
        return entry.Changes;
    }

    internal void Keep(string instanceId, string state, IReadOnlyList<TerraformMessage> changes) => _known[instanceId] = new Entry(time.GetUtcNow(), state, changes);

    /// <summary>What would be made of a new instance with these parts, when a plan told it already; else null.</summary>
    internal IReadOnlyList<TerraformMessage>? FindNew(string parts) => _new.GetValueOrDefault(parts);

    internal void KeepNew(string parts, IReadOnlyList<TerraformMessage> plan) => _new[parts] = plan;

    internal void Forget(string instanceId) => _known.TryRemove(instanceId, out _);

    private sealed record Entry(DateTimeOffset At, string? State, IReadOnlyList<TerraformMessage> Changes);
}
