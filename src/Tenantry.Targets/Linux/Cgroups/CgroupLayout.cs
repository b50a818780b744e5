namespace Tenantry.Targets.Linux.Cgroups;

/// <summary>How control groups are laid out on this machine.</summary>
public enum CgroupVersion
{
    /// <summary>None are mounted.</summary>
    None,

    /// <summary>A hierarchy for each controller.</summary>
    One,

    /// <summary>As <see cref="One"/>, and a unified hierarchy beside them.</summary>
    Hybrid,

    /// <summary>One hierarchy for all controllers.</summary>
    Two,
}

/// <summary>Which hierarchies there are.</summary>
/// <param name="Version">Their layout.</param>
/// <param name="Mounts">Where each controller's hierarchy is mounted, by the controller's name.</param>
/// <param name="Unified">Where the unified hierarchy is mounted, or null.</param>
public sealed record CgroupLayout(CgroupVersion Version, IReadOnlyDictionary<string, string> Mounts, string? Unified)
{
    /// <summary>The controllers that an instance's limits need.</summary>
    public static IReadOnlyList<string> Needed { get; } = ["memory", "cpu", "pids"];

    private static readonly string[] Version1 = ["memory", "cpu", "cpuacct", "pids", "freezer"];

    /// <summary>Needed controllers that are not there.</summary>
    public IReadOnlyList<string> Missing => [.. Needed.Where(controller => !Mounts.ContainsKey(controller))];

    /// <summary>Looks at this machine.</summary>
    public static CgroupLayout Detect() => From(MountTable.Read(), ControllersOf);

    internal static CgroupLayout From(IReadOnlyList<MountEntry> mounts, Func<string, IReadOnlyList<string>> controllersOf)
    {
        var separate = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var mount in mounts.Where(mount => mount.Type == "cgroup"))
        {
            foreach (var controller in mount.Options.Split(',').Intersect(Version1, StringComparer.Ordinal))
                separate.TryAdd(controller, mount.Place);
        }

        var unified = mounts.FirstOrDefault(mount => mount.Type == "cgroup2")?.Place;
        if (separate.Count > 0)
            return new CgroupLayout(unified is null ? CgroupVersion.One : CgroupVersion.Hybrid, separate, unified);
        if (unified is null)
            return new CgroupLayout(CgroupVersion.None, separate, null);
        var all = controllersOf(unified).ToDictionary(controller => controller, _ => unified, StringComparer.Ordinal);
        return new CgroupLayout(CgroupVersion.Two, all, unified);
    }

    private static IReadOnlyList<string> ControllersOf(string unified)
    {
        var file = Path.Combine(unified, "cgroup.controllers");
        return File.Exists(file) ? File.ReadAllText(file).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries) : [];
    }
}
