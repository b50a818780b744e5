using System.Globalization;
using System.Text.RegularExpressions;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Local;

/// <summary>What an operator may say about a local target.</summary>
public sealed partial record LocalTargetOptions
{
    /// <summary>Each option and what it means.</summary>
    public static IReadOnlyDictionary<string, string> Known { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["runtime"] = "OCI runtime for tiers that name none: crun (default), runc or runsc",
        ["volumes"] = "How volumes are kept: loop (a file system of its own in a file, its size is held), folder (no size is held), auto (default: loop where it works)",
        ["cgroup"] = "Control group that holds the instances' own, relative to the root (default: tenantry)",
        ["uids"] = "Host user ids that instances get 65536 of each, FIRST-LAST (default: 1000000000-2147418111)",
        ["log-size"] = "Bytes of one log file before the next is begun (default: 10000000)",
        ["log-files"] = "Log files kept for each service (default: 5)",
        ["tmp-size"] = "Bytes that /tmp may hold, counted as the instance's memory (default: 67108864)",
    };

    /// <summary>The runtime for tiers that name none.</summary>
    public LocalRuntime Runtime { get; init; } = LocalRuntime.Crun;

    /// <summary>How volumes are kept.</summary>
    public VolumeMode Volumes { get; init; } = VolumeMode.Auto;

    /// <summary>Parent control group.</summary>
    public string Cgroup { get; init; } = "tenantry";

    /// <summary>First host user id.</summary>
    public uint FirstUid { get; init; } = 1_000_000_000;

    /// <summary>Last host user id.</summary>
    public uint LastUid { get; init; } = 2_147_418_111;

    /// <summary>Bytes of one log file.</summary>
    public long LogBytes { get; init; } = 10_000_000;

    /// <summary>Log files kept.</summary>
    public int LogFiles { get; init; } = 5;

    /// <summary>Bytes that /tmp may hold.</summary>
    public long TmpBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Reads options; throws a terminal <see cref="TargetException"/> that names every mistake.</summary>
    public static LocalTargetOptions Parse(IReadOnlyDictionary<string, string> options) => TargetOptions.Read(new LocalTargetOptions(), options, Known, With);

    /// <summary>A runtime by name, or null for a name that is none.</summary>
    public static LocalRuntime? RuntimeNamed(string name) => name switch
    {
        "crun" => LocalRuntime.Crun,
        "runc" => LocalRuntime.Runc,
        "runsc" => LocalRuntime.Runsc,
        _ => null,
    };

    private static LocalTargetOptions? With(LocalTargetOptions options, string key, string value) => key switch
    {
        "runtime" when RuntimeNamed(value) is { } runtime => options with { Runtime = runtime },
        "volumes" when Enum.TryParse<VolumeMode>(value, ignoreCase: true, out var mode) && !char.IsDigit(value[0]) => options with { Volumes = mode },
        "cgroup" when CgroupPath().IsMatch(value) => options with { Cgroup = value },
        "uids" when RangeOf(value) is { } range => options with { FirstUid = range.First, LastUid = range.Last },
        "log-size" when TargetOptions.Number(value, 4096) is { } bytes => options with { LogBytes = bytes },
        "log-files" when TargetOptions.Number(value, 1, 1000) is { } files => options with { LogFiles = (int)files },
        "tmp-size" when TargetOptions.Number(value, 4096) is { } size => options with { TmpBytes = size },
        _ => null,
    };

    // At least one instance's ids, and none that the machine's own users have.
    private static (uint First, uint Last)? RangeOf(string value) =>
        Range().Match(value) is { Success: true } match
        && uint.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && uint.TryParse(match.Groups[2].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var last)
        && first >= 65536 && last >= first && last - first >= 65535
            ? (first, last)
            : null;

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex CgroupPath();

    [GeneratedRegex(@"\A(\d+)-(\d+)\z", RegexOptions.NonBacktracking)]
    private static partial Regex Range();
}

/// <summary>OCI runtimes that a local target can use.</summary>
public enum LocalRuntime
{
    Crun,
    Runc,
    Runsc,
}

/// <summary>How volumes are kept.</summary>
public enum VolumeMode
{
    Auto,
    Loop,
    Folder,
}
