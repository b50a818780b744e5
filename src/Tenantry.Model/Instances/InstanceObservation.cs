using Tenantry.Model.Plans;

namespace Tenantry.Model.Instances;

/// <summary>Names an instance to a target. A target derives every outside name and label from it, and from nothing else.</summary>
/// <param name="Id">The instance's id.</param>
/// <param name="Slug">Its slug.</param>
/// <param name="Owner">The control plane's id: the ownership label on everything that a target makes.</param>
public sealed record InstanceRef(string Id, string Slug, string Owner);

/// <summary>What a target sees of an instance at this moment. Absent is an answer.</summary>
public sealed record InstanceObservation
{
    /// <summary>The instance that was looked for.</summary>
    public required InstanceRef Ref { get; init; }

    /// <summary>What it is doing.</summary>
    public required ObservedState State { get; init; }

    /// <summary>What its health checks say; <see cref="InstanceHealth.Unknown"/> unless it runs.</summary>
    public InstanceHealth Health { get; init; }

    /// <summary>Digest of the workload that made it (<c>InstanceWorkload.Digest</c>), or null when it is absent or was never finished.</summary>
    public string? WorkloadDigest { get; init; }

    /// <summary>The restart nonce it was last started with.</summary>
    public long RestartNonce { get; init; }

    /// <summary>Id of the release it runs, or null.</summary>
    public string? Release { get; init; }

    /// <summary>Everything that the target holds for it, in order of creation; empty when absent.</summary>
    public IReadOnlyList<ResourceObservation> Resources { get; init; } = [];

    /// <summary>Differences to the workload that made it, found without knowing the wanted one (a file changed, a limit lowered, a process missing).</summary>
    public IReadOnlyList<DriftItem> Drift { get; init; } = [];

    /// <summary>How the port that the gateway leads to is reached, or null.</summary>
    public Endpoint? Endpoint { get; init; }

    /// <summary>Why it is not well: exit code, signal, out of memory, last lines. Null when there is nothing to tell.</summary>
    public string? Trouble { get; init; }

    /// <summary>True when <see cref="Trouble"/> will not go away by itself (a crash loop that was given up).</summary>
    public bool TroubleIsTerminal { get; init; }

    /// <summary>The answer for an instance of which the target holds nothing.</summary>
    public static InstanceObservation Absent(InstanceRef instance) => new() { Ref = instance, State = ObservedState.Absent };
}

/// <summary>What an instance is doing, as its target sees it.</summary>
public enum ObservedState
{
    /// <summary>The target holds nothing of it.</summary>
    Absent,

    /// <summary>Some of its resources exist: a creation or a deletion that was cut off, or damage.</summary>
    Partial,

    /// <summary>Complete and running.</summary>
    Running,

    /// <summary>Complete, in memory, without CPU.</summary>
    Frozen,

    /// <summary>Complete but for its processes: data kept.</summary>
    Stopped,
}
