using System.Globalization;

namespace Tenantry.Targets.Linux.Cgroups;

/// <summary>
/// The control group of one instance: limits, usage and the freezer for all of it, and below it one group for each service,
/// which only says whose a process is. Everything is read and written in the kernel's files; nothing is remembered.
/// </summary>
public sealed class CgroupTree
{
    private readonly CgroupLayout _layout;
    private readonly string _path;

    /// <summary>The group at a relative path, such as <c>tenantry/ID</c>. Makes nothing.</summary>
    public CgroupTree(CgroupLayout layout, string path)
    {
        _layout = layout;
        _path = path;
    }

    /// <summary>True when any part of it exists.</summary>
    public bool Exists => Folders().Any(Directory.Exists);

    /// <summary>Where an instance's own figures are shown by a controller's files, or null.</summary>
    public string? FolderOf(string controller) => _layout.Mounts.TryGetValue(controller, out var mount) ? Path.Combine(mount, _path) : null;

    /// <summary>Makes what is missing and sets the limits.</summary>
    public void Apply(CgroupLimits limits, IReadOnlyList<string> services)
    {
        foreach (var mount in Roots())
            MakeFolder(mount);
        foreach (var service in services)
            Directory.CreateDirectory(Path.Combine(Tracking, service));
        var settings = limits.Settings(_layout.Version);
        RaiseSwapCeiling(settings);
        foreach (var setting in settings)
            Set(setting);
    }

    /// <summary>Settings that are not as these limits want them, with what is there.</summary>
    public IReadOnlyList<(CgroupLimits.Setting Wanted, string Seen)> Differences(CgroupLimits limits)
    {
        var differences = new List<(CgroupLimits.Setting, string)>();
        foreach (var setting in limits.Settings(_layout.Version))
        {
            var seen = CgroupFile.Read(FileOf(setting.Controller, setting.File));
            if (seen != setting.Value && !(setting.Optional && seen is null))
                differences.Add((setting, seen ?? "nothing"));
        }

        return differences;
    }

    /// <summary>
    /// Lets a process, which must have one thread and wait for it, into a service's group, under all limits. Gives the files to which it
    /// must write <c>0</c> itself, which puts it there: with version 1, moving another process makes the caller wait for every processor
    /// to pass a quiet state (5 to 16 ms here), moving oneself does not. None with version 2, where it has been moved.
    /// </summary>
    public IReadOnlyList<string> Admit(string service, int pid)
    {
        if (_layout.Version != CgroupVersion.Two)
            return [.. Roots().Where(mount => mount != _layout.Mounts["freezer"]).Select(mount => Path.Combine(mount, _path, "tasks")), Path.Combine(Tracking, service, "tasks")];
        File.WriteAllText(Path.Combine(Tracking, service, "cgroup.procs"), pid.ToString(CultureInfo.InvariantCulture));
        return [];
    }

    /// <summary>As <see cref="Admit"/>, into a group of its own below the service's, so that all it starts can be ended with it.</summary>
    public IReadOnlyList<string> AdmitApart(string service, string name, int pid)
    {
        Directory.CreateDirectory(Path.Combine(Tracking, service, name));
        return Admit(Path.Combine(service, name), pid);
    }

    /// <summary>Numbers of all processes of a service and below, or of the whole instance.</summary>
    public IReadOnlyList<int> Processes(string? service = null)
    {
        var folder = service is null ? Tracking : Path.Combine(Tracking, service);
        return [.. CgroupFile.FoldersBelow(folder).Append(folder).SelectMany(CgroupFile.ReadProcesses)];
    }

    /// <summary>
    /// Kills every process of a service (or of the instance), also ones that are being started at this moment, and waits until
    /// none is left. False when some were left after the time.
    /// </summary>
    public async Task<bool> KillAsync(string? service, TimeProvider time, TimeSpan longest, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        for (var pause = 1; ; pause = Math.Min(pause * 2, 50))
        {
            var pids = Processes(service);
            if (pids.Count == 0)
                return true;
            if (time.GetElapsedTime(start) > longest)
                return false;
            foreach (var pid in pids)
            {
                using var process = ProcessHandle.Open(pid);
                process?.Signal(SignalNames.Kill);
            }

            // A frozen process dies when it is thawed.
            Thaw();
            await Task.Delay(TimeSpan.FromMilliseconds(pause), time, cancellationToken);
        }
    }

    /// <summary>Stops or lets go on every process of the instance at once.</summary>
    public void Freeze() => SetFrozen(frozen: true);

    /// <inheritdoc cref="Freeze"/>
    public void Thaw()
    {
        if (Exists)
            SetFrozen(frozen: false);
    }

    /// <summary>True when it was told to be frozen and every process is.</summary>
    public bool IsFrozen => _layout.Version == CgroupVersion.Two
        ? CgroupFile.Read(Path.Combine(Tracking, "cgroup.events"))?.Contains("frozen 1", StringComparison.Ordinal) == true
        : CgroupFile.Read(Path.Combine(Tracking, "freezer.state")) == "FROZEN";

    /// <summary>What the instance uses.</summary>
    public CgroupUsage ReadUsage() => _layout.Version == CgroupVersion.Two ? ReadUsage2() : ReadUsage1();

    /// <summary>How often the kernel killed a process of the instance because it was out of memory.</summary>
    public long OutOfMemoryKills() =>
        CgroupFile.Field(FileOf("memory", _layout.Version == CgroupVersion.Two ? "memory.events" : "memory.oom_control"), "oom_kill") ?? 0;

    /// <summary>Removes one group below a service's, which must be empty of processes.</summary>
    public void RemoveApart(string service, string name) => CgroupFile.RemoveFolder(Path.Combine(Tracking, service, name));

    /// <summary>Removes it whole; it must be empty of processes. What is gone already is no error.</summary>
    public void Remove()
    {
        foreach (var folder in Folders())
        {
            foreach (var below in CgroupFile.FoldersBelow(folder))
                CgroupFile.RemoveFolder(below);
            CgroupFile.RemoveFolder(folder);
        }
    }

    /// <summary>The hierarchy that says whose a process is and freezes it.</summary>
    private string Tracking => Path.Combine(_layout.Version == CgroupVersion.Two ? _layout.Unified! : _layout.Mounts["freezer"], _path);

    private IEnumerable<string> Folders() => Roots().Select(mount => Path.Combine(mount, _path));

    private IEnumerable<string> Roots() => _layout.Mounts.Values.Concat(_layout.Version == CgroupVersion.Two ? [_layout.Unified!] : []).Distinct(StringComparer.Ordinal);

    private string FileOf(string controller, string file) => Path.Combine(FolderOf(controller) ?? "/nonexistent", file);

    private void MakeFolder(string mount)
    {
        var folder = mount;
        foreach (var part in _path.Split('/'))
        {
            if (_layout.Version == CgroupVersion.Two)
                File.WriteAllText(Path.Combine(folder, "cgroup.subtree_control"), string.Join(' ', CgroupLayout.Needed.Select(controller => $"+{controller}")));
            folder = Path.Combine(folder, part);
            Directory.CreateDirectory(folder);
        }
    }

    private void Set(CgroupLimits.Setting setting)
    {
        var file = FileOf(setting.Controller, setting.File);
        if (setting.Optional && !File.Exists(file))
            return;
        CgroupFile.WriteLimit(file, setting.Value);
    }

    // Memory with swap may never be less than memory alone: raised before it, lowered after it.
    private void RaiseSwapCeiling(IReadOnlyList<CgroupLimits.Setting> settings)
    {
        var ceiling = settings.FirstOrDefault(setting => setting.File == "memory.memsw.limit_in_bytes");
        if (ceiling is null || CgroupFile.Number(FileOf(ceiling.Controller, ceiling.File)) is not { } now)
            return;
        if (now < long.Parse(ceiling.Value, CultureInfo.InvariantCulture))
            Set(ceiling);
    }

    private void SetFrozen(bool frozen)
    {
        if (_layout.Version == CgroupVersion.Two)
            File.WriteAllText(Path.Combine(Tracking, "cgroup.freeze"), frozen ? "1" : "0");
        else
            File.WriteAllText(Path.Combine(Tracking, "freezer.state"), frozen ? "FROZEN" : "THAWED");
    }

    private CgroupUsage ReadUsage1()
    {
        var memory = CgroupFile.Number(FileOf("memory", "memory.usage_in_bytes"));
        var idle = CgroupFile.Field(FileOf("memory", "memory.stat"), "total_inactive_file") ?? 0;
        var cpu = CgroupFile.Number(FileOf("cpuacct", "cpuacct.usage"));
        return new CgroupUsage(cpu / 1e9, Used(memory, idle), CgroupFile.Number(FileOf("memory", "memory.limit_in_bytes")), (int?)CgroupFile.Number(FileOf("pids", "pids.current")));
    }

    private CgroupUsage ReadUsage2()
    {
        var memory = CgroupFile.Number(FileOf("memory", "memory.current"));
        var idle = CgroupFile.Field(FileOf("memory", "memory.stat"), "inactive_file") ?? 0;
        var cpu = CgroupFile.Field(FileOf("cpu", "cpu.stat"), "usage_usec");
        return new CgroupUsage(cpu / 1e6, Used(memory, idle), CgroupFile.Number(FileOf("memory", "memory.max")), (int?)CgroupFile.Number(FileOf("pids", "pids.current")));
    }

    // Pages of files that nobody used lately go first when memory is short: they are not what the instance needs.
    private static long? Used(long? memory, long idle) => memory is null ? null : Math.Max(memory.Value - idle, 0);
}

/// <summary>What an instance uses. Null: not known here.</summary>
public sealed record CgroupUsage(double? CpuSeconds, long? MemoryBytes, long? MemoryLimitBytes, int? Pids);
