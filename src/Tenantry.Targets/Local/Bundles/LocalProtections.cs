namespace Tenantry.Targets.Local.Bundles;

/// <summary>
/// The walls around an instance, each of which a test may take down to show that it is what stops an attack. Nothing but tests
/// makes one that is not <see cref="All"/>.
/// </summary>
internal sealed record LocalProtections
{
    internal static LocalProtections All { get; } = new();

    /// <summary>Host user ids of its own.</summary>
    internal bool UserRange { get; init; } = true;

    /// <summary>A network namespace of its own.</summary>
    internal bool Network { get; init; } = true;

    /// <summary>A process tree of its own.</summary>
    internal bool ProcessTree { get; init; } = true;

    /// <summary>Shared memory of its own.</summary>
    internal bool Ipc { get; init; } = true;

    /// <summary>A root of its own; off: the host's root is at <c>/host</c>.</summary>
    internal bool OwnRoot { get; init; } = true;

    /// <summary>A <c>/dev/shm</c> of its own; off: the host's.</summary>
    internal bool SharedMemoryFolder { get; init; } = true;

    /// <summary>A root that cannot be written to.</summary>
    internal bool ReadOnlyRoot { get; init; } = true;

    /// <summary>System calls are filtered.</summary>
    internal bool SystemCallFilter { get; init; } = true;

    /// <summary>No capabilities and no way to new ones.</summary>
    internal bool NoCapabilities { get; init; } = true;

    /// <summary>Parts of <c>/proc</c> hidden or read-only.</summary>
    internal bool MaskedPaths { get; init; } = true;

    /// <summary>Limit of memory.</summary>
    internal bool MemoryLimit { get; init; } = true;

    /// <summary>Limit of processes.</summary>
    internal bool PidsLimit { get; init; } = true;

    /// <summary>Limit of disk.</summary>
    internal bool DiskLimit { get; init; } = true;

    /// <summary>Egress is filtered.</summary>
    internal bool EgressFilter { get; init; } = true;

    /// <summary>Neighbours on the bridge cannot reach each other.</summary>
    internal bool IsolatedPorts { get; init; } = true;
}
