namespace Tenantry.Model.Manifests;

/// <summary>How all volumes of an instance are backed up.</summary>
public sealed record BackupPolicy
{
    public TimeSpan Every { get; init; } = TimeSpan.FromHours(24);

    public BackupRetention Keep { get; init; } = new();

    /// <summary>Program run inside <see cref="Service"/> before the copy, to bring the data to rest; empty: none.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    /// <summary>Program run inside <see cref="Service"/> after the copy, whether or not it worked; empty: none.</summary>
    public IReadOnlyList<string> After { get; init; } = [];

    /// <summary>Service in which the programs run; null: the entry service.</summary>
    public string? Service { get; init; }

    /// <summary>Globs inside the volumes that are left out: <c>data/cache/**</c>, the volume's name first.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];
}

/// <summary>How many backups of each kind are kept; the rest are removed. All zero: everything is kept.</summary>
public sealed record BackupRetention
{
    public int Last { get; init; } = 3;

    public int Daily { get; init; } = 7;

    public int Weekly { get; init; } = 4;

    public int Monthly { get; init; } = 6;
}
