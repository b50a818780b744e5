using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Linux.Cgroups;

namespace Tenantry.Targets.Local;

/// <summary>What the target knows about an instance and needs again after a restart (<c>instance.json</c>). Holds no secret.</summary>
internal sealed record InstanceFile
{
    internal const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    public required InstanceRef Ref { get; init; }

    public required WorkloadLabels Labels { get; init; }

    /// <summary>First of its 65536 host user ids.</summary>
    public required uint FirstUid { get; init; }

    /// <summary>Digest of the workload that was last applied to its end; null while the first one is not.</summary>
    public string? Digest { get; init; }

    /// <summary>Digest of the workload that is being applied or was applied last.</summary>
    public string? Attempted { get; init; }

    public string? Release { get; init; }

    /// <summary>Key of the shared build that it runs from, or null.</summary>
    public string? Build { get; init; }

    public long RestartNonce { get; init; }

    /// <summary>
    /// What it should be doing now, for whoever finds it after a crash: <see cref="DesiredState.Running"/> also while it is frozen, which the kernel says. Files of earlier versions say
    /// <see cref="DesiredState.Frozen"/> then.
    /// </summary>
    public DesiredState Wanted { get; init; } = DesiredState.Running;

    /// <summary>Its processes are meant to be there.</summary>
    internal bool IsUp => Wanted is DesiredState.Running or DesiredState.Frozen;

    public required ResourceLimits Limits { get; init; }

    public required EgressRules Egress { get; init; }

    /// <summary>True from when other rules were written down until they hold: a crash may have come between the two.</summary>
    public bool EgressIsBegun { get; init; }

    public IReadOnlyList<VolumeFile> Volumes { get; init; } = [];

    public IReadOnlyList<ServiceFile> Services { get; init; } = [];

    /// <summary>The port that the gateway reaches, or null.</summary>
    public int? EntryPort { get; init; }

    /// <summary>Digest of the secrets' names and values.</summary>
    public string SecretsDigest { get; init; } = "";

    internal CgroupLimits CgroupLimits => new(Limits.MemoryBytes, Limits.Cpu, Limits.CpuReservation > 0 ? Limits.CpuReservation : Limits.Cpu, Limits.Pids);

    /// <summary>What is known of it; null: there is none.</summary>
    /// <exception cref="TargetException">The file is damaged, as a loss of power may leave it. The next application writes it anew.</exception>
    internal static InstanceFile? Read(InstancePaths paths)
    {
        try
        {
            return AtomicFile.ReadJson<InstanceFile>(paths.File);
        }
        catch (JsonException error)
        {
            throw new TargetException($"What is known of it, {paths.File}, is damaged.", retryable: true, fix: "It is written anew when the instance is looked at next; 'tenantry restart' has it looked at now.", cause: error);
        }
    }

    /// <summary>The same for who goes on without it.</summary>
    internal static InstanceFile? ReadOrNull(InstancePaths paths)
    {
        try
        {
            return Read(paths);
        }
        catch (TargetException)
        {
            return null;
        }
    }

    /// <summary>True when the file would be the same.</summary>
    internal bool SaysTheSame(InstanceFile other) =>
        JsonSerializer.SerializeToUtf8Bytes(this, AtomicFile.Json).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(other, AtomicFile.Json));

    internal void Write(InstancePaths paths, bool durable) => AtomicFile.WriteJson(paths.File, this, durable);
}

/// <summary>A volume as it was made.</summary>
/// <param name="Name">Its name.</param>
/// <param name="SizeBytes">Its limit; 0 for none.</param>
/// <param name="Image">The file system of its own in which it lies, so that the limit is held; null: a plain folder.</param>
/// <param name="User">The user inside the instance that its top folder belongs to.</param>
/// <param name="Group">The group.</param>
internal sealed record VolumeFile(string Name, long SizeBytes, string? Image, uint User, uint Group);

/// <summary>A service as it was made.</summary>
internal sealed record ServiceFile
{
    public required string Name { get; init; }

    /// <summary>Digest of everything that it is made from; another one means another container.</summary>
    public required string Digest { get; init; }

    public required LocalRuntime Runtime { get; init; }

    /// <summary>The user and group that it runs as, inside the instance.</summary>
    public required uint User { get; init; }

    public required uint Group { get; init; }

    public IReadOnlyList<PortWorkload> Ports { get; init; } = [];

    public HealthWorkload? Health { get; init; }

    public required string StopSignal { get; init; }

    public required TimeSpan StopGrace { get; init; }

    public IReadOnlyList<string> DependsOn { get; init; } = [];

    /// <summary>Key of the root file system that it uses.</summary>
    public string Root { get; init; } = "";

    /// <summary>The one that it used before, until what runs is known to use the new one.</summary>
    public string? FormerRoot { get; init; }

    /// <summary>Digest of the container's configuration as it was written.</summary>
    public string ConfigDigest { get; init; } = "";
}
