namespace Tenantry.Model.Manifests.Drafting;

/// <summary>What was found in a folder, on its way to a first manifest.</summary>
internal sealed class Draft
{
    public string? Name { get; set; }

    public string? Version { get; set; }

    public string? Dockerfile { get; set; }

    public List<string> Inputs { get; } = [];

    public string? BuildCommand { get; set; }

    public List<DraftService> Services { get; } = [];

    public long? Memory { get; set; }

    public decimal? Cpu { get; set; }

    /// <summary>Variables that hold something secret, which the manifest names without their values.</summary>
    public SortedSet<string> SecretVariables { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Variables that are known to hold something secret, whatever they are called.</summary>
    public HashSet<string> KnownSecrets { get; } = new(StringComparer.Ordinal);

    public bool IsSecret(string variable) => SecretGuess.IsSecret(variable) || KnownSecrets.Contains(variable);

    /// <summary>Secrets that are files and no variables.</summary>
    public SortedSet<string> FileSecrets { get; } = new(StringComparer.Ordinal);

    /// <summary>Names of secrets without which an instance runs too.</summary>
    public SortedSet<string> OptionalSecrets { get; } = new(StringComparer.Ordinal);

    /// <summary>Usual values of features.</summary>
    public SortedDictionary<string, string> Features { get; } = new(StringComparer.Ordinal);

    /// <summary>Tiers by name; empty: one, with <see cref="Memory"/> and <see cref="Cpu"/>.</summary>
    public SortedDictionary<string, DraftTier> Tiers { get; } = new(StringComparer.Ordinal);

    /// <summary>Where instances may connect to.</summary>
    public string Egress { get; set; } = "none";

    /// <summary>What could not be carried over, one sentence each.</summary>
    public List<string> Notes { get; } = [];
}

/// <summary>Limits as a Compose file gives them; null: not said.</summary>
internal sealed record DraftTier(long? Memory, decimal? Cpu, long? MemoryReservation, decimal? CpuReservation);

internal sealed class DraftService(string name)
{
    public string Name { get; } = name;

    public string? Image { get; set; }

    public List<string> Command { get; set; } = [];

    public string? WorkingDirectory { get; set; }

    public string? User { get; set; }

    public string? StopSignal { get; set; }

    public TimeSpan? StopGrace { get; set; }

    public List<DraftPort> Ports { get; } = [];

    /// <summary>Ready to be written: what is meant literally is escaped, references are not.</summary>
    public SortedDictionary<string, string> Env { get; } = new(StringComparer.Ordinal);

    /// <summary>Path by volume name.</summary>
    public SortedDictionary<string, string> Volumes { get; } = new(StringComparer.Ordinal);

    /// <summary>Secrets that are seen as files, by path.</summary>
    public SortedDictionary<string, string> Files { get; } = new(StringComparer.Ordinal);

    public DraftProbe? Health { get; set; }

    public List<string> DependsOn { get; set; } = [];

    public bool IsBuilt { get; set; }

    /// <summary>Keeps volumes without a name of their own apart from those of other services.</summary>
    public string VolumePrefix { get; init; } = "";
}

/// <summary>A port, and whether something outside the app is meant to reach it.</summary>
internal sealed record DraftPort(int Number, bool IsPublished)
{
    // Services that are commonly a part of an app and do not speak HTTP.
    private static readonly HashSet<int> OtherProtocols = [21, 22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5672, 6379, 7687, 8883, 9042, 9092, 11211, 27017, 33060];

    public bool IsHttp => !OtherProtocols.Contains(Number);
}

internal sealed record DraftProbe
{
    public string? HttpPath { get; init; }

    public int? HttpPort { get; init; }

    public IReadOnlyList<string> Command { get; init; } = [];

    public TimeSpan? Interval { get; init; }

    public TimeSpan? Timeout { get; init; }

    public TimeSpan? StartPeriod { get; init; }

    public int? Retries { get; init; }
}
