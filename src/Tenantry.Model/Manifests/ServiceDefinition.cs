namespace Tenantry.Model.Manifests;

/// <summary>
/// One long-running process of the app. All services of an instance share its network, so that one reaches another at
/// <c>${service.NAME.host}</c> and <c>${service.NAME.port}</c>.
/// </summary>
public sealed record ServiceDefinition
{
    public required string Name { get; init; }

    /// <summary>
    /// Container image reference for targets that run containers. Null: the image that <see cref="BuildDefinition.Dockerfile"/>
    /// builds, if there is one; otherwise the service runs only where <see cref="Run"/> does.
    /// </summary>
    public string? Image { get; init; }

    /// <summary>The root file system on targets without containers; null: the host's own, see <see cref="RunDefinition"/>.</summary>
    public RunDefinition? Run { get; init; }

    /// <summary>Program and arguments, never passed through a shell. Empty: the image's own. References are not expanded here.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Ports the service listens on inside the instance, on 127.0.0.1 or all addresses. The first is the one the gateway reaches.</summary>
    public IReadOnlyList<PortDefinition> Ports { get; init; } = [];

    /// <summary>Environment variables; values may hold references such as <c>${tenant.name}</c>, not yet expanded.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Read-only files made per tenant from templates, held in memory inside the instance.</summary>
    public IReadOnlyList<FileDefinition> Files { get; init; } = [];

    /// <summary>Folders whose content outlives the process. Services that name the same volume share it.</summary>
    public IReadOnlyList<VolumeDefinition> Volumes { get; init; } = [];

    /// <summary>How to tell that it works. Null only without ports: then a running process is a healthy one.</summary>
    public HealthDefinition? Health { get; init; }

    /// <summary>Signal that asks the process to end, by its name: <c>SIGTERM</c>.</summary>
    public string StopSignal { get; init; } = "SIGTERM";

    /// <summary>Time from <see cref="StopSignal"/> to SIGKILL.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Services that must be healthy before this one starts; stopped after it.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];

    /// <summary>Absolute path inside the instance; null: the image's own, or <c>/</c>.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>User, or user and group as <c>1000:1000</c>, inside the instance; never root. Null: the target's ordinary user.</summary>
    public string? User { get; init; }
}

/// <summary>A port inside the instance. Numbers and names are unique among all services of the app.</summary>
public sealed record PortDefinition
{
    public required string Name { get; init; }

    /// <summary>1 to 65535.</summary>
    public required int Number { get; init; }

    public PortProtocol Protocol { get; init; } = PortProtocol.Http;

    /// <summary>True when the gateway can reach it.</summary>
    public bool SpeaksHttp() => Protocol != PortProtocol.Tcp;
}

/// <summary>A file that the instance sees, read-only, with references expanded for the tenant. Exactly one of <see cref="Template"/> and <see cref="Source"/> is set.</summary>
public sealed record FileDefinition
{
    /// <summary>Absolute path inside the instance.</summary>
    public required string Path { get; init; }

    /// <summary>The content, with references not yet expanded.</summary>
    public string? Template { get; init; }

    /// <summary>A file beside the manifest that holds the template; <see cref="ManifestSources.Inline"/> turns it into <see cref="Template"/>.</summary>
    public string? Source { get; init; }

    /// <summary>Permission bits; never writable, since the file is read-only whatever they say.</summary>
    public UnixFileMode Mode { get; init; } = UnixFileMode.UserRead | UnixFileMode.GroupRead;
}

/// <summary>A folder with data that is kept, backed up and moved with the instance.</summary>
public sealed record VolumeDefinition
{
    public required string Name { get; init; }

    /// <summary>Absolute path inside the instance, where the service may write.</summary>
    public required string Path { get; init; }

    /// <summary>Limit in bytes; null: only the tier's disk limit counts.</summary>
    public long? Size { get; init; }
}
