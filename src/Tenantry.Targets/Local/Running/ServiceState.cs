using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Running;

/// <summary>What a service's process is and how it fared (<c>state.json</c> in memory). Written before anybody acts on it.</summary>
internal sealed record ServiceState
{
    /// <summary>The container's first process, or null when none was started or it was seen to end.</summary>
    public ProcessIdentity? Process { get; init; }

    /// <summary>Digest of the configuration that it was started with.</summary>
    public required string ConfigDigest { get; init; }

    /// <summary>The restart nonce that it was started for.</summary>
    public required long RestartNonce { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Starts after an exit that nobody asked for, since the service was made.</summary>
    public int Restarts { get; init; }

    /// <summary>When it ended by itself lately, the newest last.</summary>
    public IReadOnlyList<DateTimeOffset> Exits { get; init; } = [];

    /// <summary>How it ended last, in words, or null.</summary>
    public string? LastExit { get; init; }

    /// <summary>When it is started again, or null.</summary>
    public DateTimeOffset? RestartAt { get; init; }

    /// <summary>True when it ended so often that it is not started again.</summary>
    public bool GaveUp { get; init; }

    /// <summary>The kernel's count of kills for want of memory when it was started.</summary>
    public long OutOfMemoryKills { get; init; }

    /// <summary>True while exactly the process that was started runs.</summary>
    internal bool IsAlive => Process?.IsAlive == true;

    internal static ServiceState? Read(ServicePaths paths) => AtomicFile.ReadJson<ServiceState>(paths.State);

    internal void Write(ServicePaths paths) => AtomicFile.WriteJson(paths.State, this, durable: false);
}
