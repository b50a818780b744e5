using System.Collections.Concurrent;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;

namespace Tenantry.Targets.Fake;

/// <summary>
/// What exists outside: it outlives fake targets as a platform outlives control planes. It counts what must never happen.
/// </summary>
public sealed class FakeWorld
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, FakeInstance> instances = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> workers = new(StringComparer.Ordinal);
    private readonly List<string> violations = [];

    /// <summary>Sentences about what must never happen and did: two workers on one instance, a resource made twice.</summary>
    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (gate)
                return [.. violations];
        }
    }

    /// <summary>Ids of instances of which anything exists.</summary>
    public IReadOnlyList<string> Ids
    {
        get
        {
            lock (gate)
                return [.. instances.Keys];
        }
    }

    /// <summary>Releases that something is kept for; true: it is in use.</summary>
    public ConcurrentDictionary<string, bool> KeptReleases { get; } = new(StringComparer.Ordinal);

    /// <summary>Removes an instance as by hand. False when there was none.</summary>
    public bool Vanish(string id)
    {
        lock (gate)
            return instances.Remove(id);
    }

    /// <summary>Removes one resource as by hand.</summary>
    public bool Lose(string id, ResourceName resource)
    {
        lock (gate)
            return instances.TryGetValue(id, out var instance) && instance.Resources.Remove(resource);
    }

    /// <summary>Makes its process end by itself, as a crash does.</summary>
    public void Crash(string id, string trouble)
    {
        lock (gate)
        {
            if (instances.TryGetValue(id, out var instance))
            {
                instance.State = ObservedState.Stopped;
                instance.Trouble = trouble;
            }
        }
    }

    internal T Read<T>(string id, Func<FakeInstance?, T> read)
    {
        lock (gate)
            return read(instances.GetValueOrDefault(id));
    }

    internal void Change(InstanceRef instance, Action<FakeInstance> change)
    {
        lock (gate)
        {
            if (!instances.TryGetValue(instance.Id, out var known))
                instances.Add(instance.Id, known = new FakeInstance(instance));
            change(known);
        }
    }

    internal void Create(InstanceRef instance, ResourceName resource)
    {
        Change(instance, known =>
        {
            if (!known.Resources.Contains(resource))
                known.Resources.Add(resource);
            else
                violations.Add($"{resource} of {instance.Slug} was created twice");
        });
    }

    internal void Remove(string id, ResourceName resource)
    {
        lock (gate)
        {
            if (instances.TryGetValue(id, out var instance))
            {
                instance.Resources.Remove(resource);
                if (instance.Resources.Count == 0)
                    instances.Remove(id);
            }
        }
    }

    internal IReadOnlyList<InstanceRef> OwnedBy(string owner)
    {
        lock (gate)
            return [.. instances.Values.Select(instance => instance.Ref).Where(found => found.Owner == owner)];
    }

    internal IDisposable Work(InstanceRef instance)
    {
        lock (gate)
        {
            var count = workers.GetValueOrDefault(instance.Id) + 1;
            workers[instance.Id] = count;
            if (count > 1)
                violations.Add($"{count} workers changed {instance.Slug} at once");
        }

        return new Worker(this, instance.Id);
    }

    private sealed class Worker(FakeWorld world, string id) : IDisposable
    {
        public void Dispose()
        {
            lock (world.gate)
                world.workers[id]--;
        }
    }
}

/// <summary>One instance in a fake world.</summary>
internal sealed class FakeInstance(InstanceRef instance)
{
    public InstanceRef Ref { get; } = instance;

    public List<ResourceName> Resources { get; } = [];

    public ObservedState State { get; set; } = ObservedState.Stopped;

    public string? Digest { get; set; }

    public string? Release { get; set; }

    public long RestartNonce { get; set; }

    public int Services { get; set; }

    public int ExpectedResources { get; set; }

    public string? Trouble { get; set; }

    public List<(DateTimeOffset At, string Service, string Text)> Log { get; } = [];

    public SortedDictionary<string, byte[]> Data { get; } = new(StringComparer.Ordinal);

    public int? Port { get; set; }

    public Tenantry.Model.Workloads.ResourceLimits? Limits { get; set; }

    public string RestDigest { get; set; } = "";
}
