using System.Globalization;
using System.Runtime.InteropServices;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Local.Roots;

namespace Tenantry.Targets.Local.Bundles;

/// <summary>Makes the configuration of one service's container. A pure function: golden tests hold its text.</summary>
internal static class LocalBundle
{
    internal const uint IdsPerInstance = 65536;
    internal const uint OrdinaryUser = 1000;
    /// <summary>The folder of the bundle at which the root is shown while the container is made.</summary>
    internal const string RootFolder = "rootfs";
    internal const string AppFolder = "/app";
    internal const string SecretsFolder = "/run/secrets";
    internal const string HostRootFolder = "/host";

    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly string[] Masked =
    [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kallsyms", "/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/kmsg", "/proc/latency_stats",
        "/proc/modules", "/proc/pressure", "/proc/sched_debug", "/proc/scsi", "/proc/slabinfo", "/proc/timer_list", "/proc/timer_stats", "/proc/vmallocinfo",
    ];

    private static readonly string[] ReadOnlyProc = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    internal static OciConfig Build(BundleInput input)
    {
        var protections = input.Protections;
        var mappings = protections.UserRange ? new[] { new OciIdMapping(0, input.FirstUid, IdsPerInstance) } : null;
        return new OciConfig(
            Process(input),
            new OciRoot(RootFolder, protections.ReadOnlyRoot),
            [.. Mounts(input)],
            new OciLinux(
                mappings,
                mappings,
                [.. Namespaces(input)],
                input.CgroupPath,
                protections.SystemCallFilter ? SeccompProfile.For(input.Architecture) : null,
                protections.MaskedPaths ? Masked : [],
                protections.MaskedPaths ? ReadOnlyProc : []),
            input.UtsNamespace is null ? input.HostName : null,
            new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["tenantry.owner"] = input.Owner,
                ["tenantry.instance"] = input.InstanceId,
                ["tenantry.service"] = input.Service.Name,
            });
    }

    /// <summary>
    /// User and group inside the instance. A name, which only an image could know, stands for the ordinary user: what the image says about
    /// its users means nothing here, since its files are everybody's to read and nobody's to write. Throws a terminal <see cref="TargetException"/> for a number that is none.
    /// </summary>
    internal static (uint User, uint Group) UserOf(string text)
    {
        if (text.Length == 0)
            return (OrdinaryUser, OrdinaryUser);
        var parts = text.Split(':');
        if (!char.IsAsciiDigit(text[0]))
            return (OrdinaryUser, OrdinaryUser);
        if (parts.Length <= 2 && Id(parts[0]) is { } user && Id(parts[^1]) is { } group)
            return (user, group);
        throw new TargetException($"User \"{text}\" is not UID or UID:GID, numbers below {IdsPerInstance}.", retryable: false);

        static uint? Id(string part) =>
            uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id < IdsPerInstance ? id : null;
    }

    /// <summary>Places of the root on which the configuration mounts something of the instance's.</summary>
    internal static IReadOnlyList<Place> Places(BundleInput input)
    {
        var folders = input.Volumes.Concat(input.CgroupView).Select(shown => shown.Place).ToList();
        if (input.AppFolder is not null)
            folders.Add(AppFolder);
        if (input.SecretsFolder is not null)
            folders.Add(SecretsFolder);
        if (!input.Protections.OwnRoot)
            folders.Add(HostRootFolder);
        return [.. folders.Select(path => new Place(path, IsFolder: true)), .. input.Files.Select(file => new Place(file.Place, IsFolder: false))];
    }

    private static OciProcess Process(BundleInput input)
    {
        var service = input.Service;
        var (user, group) = UserOf(service.User);
        var command = service.Command.Count > 0 ? service.Command : input.Root.Command;
        if (command.Count == 0)
            throw new TargetException($"Service {service.Name} has no command, and its root file system brings none.", retryable: false);
        return new OciProcess(
            Terminal: false,
            new OciUser(user, group),
            command,
            Environment(input),
            FirstOf(service.WorkingDirectory, input.Root.WorkingDirectory, "/"),
            input.Protections.NoCapabilities ? OciCapabilities.None : OciCapabilities.Of(["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_MKNOD", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"]),
            [new OciRlimit("RLIMIT_CORE", 0, 0), new OciRlimit("RLIMIT_NOFILE", input.OpenFiles, input.OpenFiles)],
            NoNewPrivileges: input.Protections.NoCapabilities,
            input.OomScore);
    }

    private static string FirstOf(params ReadOnlySpan<string> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (candidate.Length > 0)
                return candidate;
        }

        return "";
    }

    private static List<string> Environment(BundleInput input)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = DefaultPath, ["HOME"] = "/tmp" };
        foreach (var (name, value) in input.Root.Environment)
            variables[name] = value;
        foreach (var (name, value) in input.Service.Env)
            variables[name] = value;
        return [.. variables.Select(pair => $"{pair.Key}={pair.Value}")];
    }

    private static IEnumerable<OciNamespace> Namespaces(BundleInput input)
    {
        var protections = input.Protections;
        yield return new OciNamespace("mount");
        if (protections.UserRange)
            yield return new OciNamespace("user");
        if (protections.ProcessTree)
            yield return new OciNamespace("pid");
        if (protections.Ipc)
            yield return new OciNamespace("ipc", input.IpcNamespace);
        if (input.NetworkNamespace is not null)
            yield return new OciNamespace("network", input.NetworkNamespace);
        yield return new OciNamespace("uts", input.UtsNamespace);
        yield return new OciNamespace("cgroup");
    }

    private static IEnumerable<OciMount> Mounts(BundleInput input)
    {
        var tmp = input.TmpBytes.ToString(CultureInfo.InvariantCulture);
        foreach (var shown in input.Root.Shown)
            yield return ReadOnly(shown.Source, shown.Place, executable: true);
        yield return new OciMount("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]);
        yield return new OciMount("/dev", "tmpfs", "tmpfs", ["nosuid", "noexec", "mode=755", "size=65536"]);
        yield return new OciMount("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]);
        yield return input.Protections.SharedMemoryFolder
            ? new OciMount("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", $"size={tmp}"])
            : new OciMount("/dev/shm", "bind", "/dev/shm", ["rbind", "nosuid", "nodev", "rw"]);
        yield return new OciMount("/tmp", "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=1777", $"size={tmp}"]);
        foreach (var shown in input.CgroupView)
            yield return ReadOnly(shown.Source, shown.Place, executable: false);
        if (input.AppFolder is not null)
            yield return ReadOnly(input.AppFolder, AppFolder, executable: true);
        if (input.SecretsFolder is not null)
            yield return ReadOnly(input.SecretsFolder, SecretsFolder, executable: false);

        // What lies inside another one's place comes after it.
        var writable = input.Volumes.Select(volume => (volume.Place, Mount: new OciMount(volume.Place, "bind", volume.Source, ["rbind", "nosuid", "nodev", "rw"])));
        var readable = input.Files.Select(file => (file.Place, Mount: ReadOnly(file.Source, file.Place, executable: true)));
        foreach (var (_, mount) in writable.Concat(readable).OrderBy(mount => mount.Place.Count(character => character == '/')))
            yield return mount;
        if (!input.Protections.OwnRoot)
            yield return new OciMount(HostRootFolder, "bind", "/", ["rbind", "rw"]);
    }

    private static OciMount ReadOnly(string source, string place, bool executable) =>
        new(place, "bind", source, executable ? ["rbind", "nosuid", "nodev", "ro"] : ["rbind", "nosuid", "nodev", "noexec", "ro"]);
}

/// <summary>Everything that a service's configuration is made from.</summary>
internal sealed record BundleInput
{
    internal required string InstanceId { get; init; }

    internal required string Owner { get; init; }

    internal required ServiceWorkload Service { get; init; }

    internal required string HostName { get; init; }

    /// <summary>First of the host's user ids that are the instance's own.</summary>
    internal required uint FirstUid { get; init; }

    internal required BundleRoot Root { get; init; }

    /// <summary>The build's result on the host, or null.</summary>
    internal string? AppFolder { get; init; }

    /// <summary>The secrets' folder on the host, or null.</summary>
    internal string? SecretsFolder { get; init; }

    internal IReadOnlyList<Shown> Files { get; init; } = [];

    internal IReadOnlyList<Shown> Volumes { get; init; } = [];

    /// <summary>Files of the kernel in which a program reads its own limits.</summary>
    internal IReadOnlyList<Shown> CgroupView { get; init; } = [];

    /// <summary>Files that are namespaces to join; null: a new one (for the network: the host's).</summary>
    internal string? NetworkNamespace { get; init; }

    internal string? IpcNamespace { get; init; }

    internal string? UtsNamespace { get; init; }

    /// <summary>For runtimes that place the container themselves, else null.</summary>
    internal string? CgroupPath { get; init; }

    internal required long TmpBytes { get; init; }

    internal required ulong OpenFiles { get; init; }

    internal required int? OomScore { get; init; }

    internal required Architecture Architecture { get; init; }

    internal LocalProtections Protections { get; init; } = LocalProtections.All;
}

/// <summary>A file or folder of the host and where the instance sees it.</summary>
internal sealed record Shown(string Source, string Place);

/// <summary>A root file system that is ready to be used, and what it says about itself.</summary>
/// <param name="Shown">Folders of the host to be seen in it, read-only.</param>
/// <param name="Command">Its own command; may be empty.</param>
/// <param name="Environment">Its own variables.</param>
/// <param name="WorkingDirectory">Its own working directory; may be empty.</param>
internal sealed record BundleRoot(
    IReadOnlyList<Shown> Shown,
    IReadOnlyList<string> Command,
    IReadOnlyDictionary<string, string> Environment,
    string WorkingDirectory)
{
    internal static BundleRoot Nothing { get; } = new([], [], new Dictionary<string, string>(StringComparer.Ordinal), "");
}
