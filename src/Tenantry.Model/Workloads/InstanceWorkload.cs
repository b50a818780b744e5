using System.Text.Json.Serialization;
using Tenantry.Model.Instances;

namespace Tenantry.Model.Workloads;

/// <summary>
/// What a target is asked to run: an instance's spec with its release's manifest, tier, features and secrets resolved into it. A
/// pure value; equal workloads have equal <see cref="Digest"/>s.
/// </summary>
public sealed record InstanceWorkload
{
    /// <summary>Names the instance to the target.</summary>
    public required InstanceRef Ref { get; init; }

    /// <summary>Tenant, organization, app, environment, tier, version: for labels and for people.</summary>
    public required WorkloadLabels Labels { get; init; }

    /// <summary>The release that it runs.</summary>
    public required ReleaseSource Release { get; init; }

    /// <summary>The services, each after all that it depends on.</summary>
    public required IReadOnlyList<ServiceWorkload> Services { get; init; }

    /// <summary>The port that the gateway reaches, the entry service's first one; null when no service speaks HTTP.</summary>
    public int? EntryPort { get; init; }

    /// <summary>Limits of the whole instance.</summary>
    public required ResourceLimits Limits { get; init; }

    /// <summary>What it may reach.</summary>
    public required EgressRules Egress { get; init; }

    /// <summary>Secrets by name: delivered as files in memory at <c>/run/secrets/NAME</c> and never written to disk in clear.</summary>
    public required IReadOnlyDictionary<string, string> Secrets { get; init; }

    /// <summary>What it should be doing. Not part of the digest.</summary>
    public required DesiredState Desired { get; init; }

    /// <summary>A target that sees another value than the one it started with restarts the services. Not part of the digest.</summary>
    public required long RestartNonce { get; init; }

    /// <summary><c>sha256:</c> and 64 hexadecimal digits over everything that would need a change of what runs, secrets' values (hashed) included.</summary>
    public required string Digest { get; init; }

    /// <summary>Names of the services without which no request is answered: the one that the gateway reaches, and all that it depends on. None where none speaks HTTP.</summary>
    public IReadOnlySet<string> FindServing()
    {
        var serving = new HashSet<string>(StringComparer.Ordinal);
        if (EntryPort is not { } entry)
            return serving;
        foreach (var service in Services.Reverse())
        {
            if (service.Ports.Any(port => port.Number == entry) || Services.Any(other => serving.Contains(other.Name) && other.DependsOn.Contains(service.Name)))
                serving.Add(service.Name);
        }

        return serving;
    }
}

/// <summary>Who and what an instance is, for labels and for people.</summary>
public sealed record WorkloadLabels(string Tenant, string Organization, string App, string Environment, string Tier, string Version)
{
    /// <summary>Where its cost is booked; may be empty. Not part of the digest: another one changes nothing that runs.</summary>
    [JsonIgnore]
    public string CostCentre { get; init; } = "";
}

/// <summary>Where a release comes from and how it is prepared.</summary>
/// <param name="Id">The release's id.</param>
/// <param name="SourceFolder">A folder with the build's input files and nothing else, absolute, on the engine's host; empty when there are none.</param>
/// <param name="Build">How it is prepared, or null when there is nothing to prepare.</param>
public sealed record ReleaseSource(string Id, string SourceFolder, BuildWorkload? Build);

/// <summary>How a release is prepared, once for all tenants.</summary>
/// <param name="Key">Content address: digest over command, environment and every input file. Equal keys share one result.</param>
/// <param name="Inputs">Paths relative to the source folder, sorted, of every input file.</param>
/// <param name="Command">Program and arguments, run in a fresh folder that holds the inputs; what it leaves there is the result. Empty when a Dockerfile is used, or when the inputs are the result.</param>
/// <param name="Dockerfile">Relative path, for targets with containers.</param>
/// <param name="Environment">Variables for the command.</param>
/// <param name="Output">Subfolder of that folder that is the result; <c>.</c> for the whole folder.</param>
/// <param name="IsForced">True when nothing of an earlier build may be used, also where a target keeps parts of one.</param>
public sealed record BuildWorkload(
    string Key,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Command,
    string? Dockerfile,
    IReadOnlyDictionary<string, string> Environment,
    string Output,
    bool IsForced = false);

/// <summary>One service of an instance.</summary>
public sealed record ServiceWorkload
{
    /// <summary>Unique in the instance.</summary>
    public required string Name { get; init; }

    /// <summary>Image reference for targets with containers, or null.</summary>
    public string? Image { get; init; }

    /// <summary>Root file system for targets without containers: what <see cref="RootKind"/> says.</summary>
    public RootSource Root { get; init; } = new(RootKind.Host, "");

    /// <summary>Program and arguments. Empty: the image's own.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Absolute; where the command starts. Empty: the image's own, or <c>/</c>.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>Listening ports.</summary>
    public IReadOnlyList<PortWorkload> Ports { get; init; } = [];

    /// <summary>Variables; values may be secret, so they are never logged.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Files rendered for this instance, delivered read-only, in memory.</summary>
    public IReadOnlyList<FileWorkload> Files { get; init; } = [];

    /// <summary>Folders that outlive restarts and sleep.</summary>
    public IReadOnlyList<VolumeWorkload> Volumes { get; init; } = [];

    /// <summary>How health is asked for, or null: healthy while it runs.</summary>
    public HealthWorkload? Health { get; init; }

    /// <summary>Signal name without <c>SIG</c>.</summary>
    public string StopSignal { get; init; } = "TERM";

    /// <summary>How long it may take to stop before it is killed.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Names of services that must be healthy before it starts.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];

    /// <summary>User inside the instance, <c>uid</c> or <c>uid:gid</c>; empty for the target's ordinary user (1000:1000). Never root of the host.</summary>
    public string User { get; init; } = "";
}

/// <summary>What a service's root file system is made from, for targets without containers.</summary>
/// <param name="Kind">What <paramref name="Path"/> is.</param>
/// <param name="Path">Relative to the release's build result or source folder; empty for the host's own.</param>
public sealed record RootSource(RootKind Kind, string Path)
{
    /// <summary>False for a path that leads out of the release. A manifest with one is refused when it is read; what is stored may have been changed since.</summary>
    public bool StaysInside() => !Path.StartsWith('/') && !Path.Split('/').Contains("..", StringComparer.Ordinal);
}

/// <summary>Kinds of root file systems.</summary>
public enum RootKind
{
    /// <summary>The host's own /usr and libraries, read-only, under an otherwise empty root. The build's result is at <c>/app</c>.</summary>
    Host,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>An image archive (OCI layout or <c>docker save</c>), a tar file or a folder.</summary>
    Image,
}

/// <summary>A listening port inside the instance.</summary>
public sealed record PortWorkload(string Name, int Number, bool IsHttp);

/// <summary>A rendered file. <paramref name="Content"/> may be secret.</summary>
public sealed record FileWorkload(string Path, string Content, int Mode);

/// <summary>A volume at an absolute path. <paramref name="SizeBytes"/> is its limit, or null for the tier's disk.</summary>
public sealed record VolumeWorkload(string Name, string Path, long? SizeBytes);

/// <summary>How a service's health is asked for: exactly one of HTTP path, TCP port and command is set.</summary>
/// <param name="HttpPath">Path for a GET that must answer 200 to 399, on <paramref name="Port"/>.</param>
/// <param name="Port">The port for HTTP or TCP.</param>
/// <param name="Command">A command inside the instance that must exit 0.</param>
/// <param name="Interval">Time between two checks.</param>
/// <param name="Timeout">Time that one check may take.</param>
/// <param name="Retries">Failures in a row that make it unhealthy.</param>
/// <param name="StartPeriod">Time after the start in which failures do not count.</param>
public sealed record HealthWorkload(
    string? HttpPath,
    int? Port,
    IReadOnlyList<string>? Command,
    TimeSpan Interval,
    TimeSpan Timeout,
    int Retries,
    TimeSpan StartPeriod);

/// <summary>Limits of an instance. Memory and disk in bytes, CPU in cores.</summary>
/// <param name="MemoryBytes">Hard limit.</param>
/// <param name="Cpu">Hard limit, such as 0.25.</param>
/// <param name="MemoryReservationBytes">What it is counted with when placed.</param>
/// <param name="CpuReservation">Weight when CPU is scarce.</param>
/// <param name="Pids">Processes and threads.</param>
/// <param name="DiskBytes">All volumes without a size of their own together.</param>
/// <param name="Runtime">OCI runtime for targets that have a choice: <c>crun</c>, <c>runc</c>, <c>runsc</c>; empty for the target's default.</param>
public sealed record ResourceLimits(
    long MemoryBytes,
    decimal Cpu,
    long MemoryReservationBytes,
    decimal CpuReservation,
    int Pids,
    long DiskBytes,
    string Runtime = "");

/// <summary>What an instance may reach: nothing, the internet without private ranges and metadata addresses, or a list.</summary>
/// <param name="Mode">Which of them.</param>
/// <param name="Allow">For <see cref="EgressMode.List"/>: <c>host</c>, <c>host:port</c>, <c>address</c>, <c>CIDR</c> or <c>CIDR:port</c>.</param>
public sealed record EgressRules(EgressMode Mode, IReadOnlyList<string> Allow);

/// <summary>Kinds of egress.</summary>
public enum EgressMode
{
    None,
    Internet,
    List,
}
