using System.Globalization;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Linux.Cgroups;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Local;

/// <summary>Looks whether instances can run here, and what to install where they cannot. Changes nothing.</summary>
internal static class LocalProbe
{
    internal static async Task<ProbeReport> LookAsync(LocalHost host, CancellationToken cancellationToken)
    {
        var options = host.Options;
        List<ProbeFinding> findings =
        [
            Kernel(),
            Privilege(),
            await RuntimeAsync(options.Runtime, cancellationToken),
            .. Enum.GetValues<LocalRuntime>().Where(runtime => runtime != options.Runtime).Select(Other),
            ControlGroups(CgroupLayout.Detect()),
            UserNamespaces(),
            Volumes(options),
            Egress(),
            Memory(),
            .. DeviceNodes(),
            .. Releases(host, cancellationToken),
        ];
        return new ProbeReport(findings.All(finding => finding.Level != ProbeLevel.Missing), findings);
    }

    private static ProbeFinding Kernel() => OperatingSystem.IsLinux()
        ? new ProbeFinding("kernel", ProbeLevel.Ok, $"Linux {Environment.OSVersion.Version}")
        : new ProbeFinding("kernel", ProbeLevel.Missing, "This is not Linux. A local target needs its namespaces and control groups.");

    private static ProbeFinding Privilege() => Environment.IsPrivilegedProcess
        ? new ProbeFinding("privilege", ProbeLevel.Ok, "This process is root.")
        : new ProbeFinding(
            "privilege",
            ProbeLevel.Missing,
            "This process is not root. Without it no instance can be created, stopped or looked into: user id ranges, network namespaces, mounts and control groups need it. Checking and writing manifests, planning, and the API and the gateway work without it.",
            "sudo tenantry serve");

    private static async Task<ProbeFinding> RuntimeAsync(LocalRuntime runtime, CancellationToken cancellationToken)
    {
        var name = Launcher.NameOf(runtime);
        if (Programs.Find(name) is not { } program)
            return new ProbeFinding(name, ProbeLevel.Missing, $"The OCI runtime {name} is not installed.", InstallOf(runtime));
        var said = await ChildProcess.CaptureAsync(new ChildCommand(program, "--version"), cancellationToken);
        return new ProbeFinding(name, ProbeLevel.Ok, $"{program}: {said.Output.Split('\n')[0].Trim()}");
    }

    // Who owns it can take it from everybody; runtimes have been seen to give it away.
    private static IEnumerable<ProbeFinding> DeviceNodes()
    {
        var (owner, _) = FileStatus.OwnerOf("/dev/null");
        if (owner != 0)
            yield return new ProbeFinding("device nodes", ProbeLevel.Note, $"/dev/null belongs to user {owner}, who can take it from every program of this machine.", "chown root:root /dev/null");
    }

    private static ProbeFinding Other(LocalRuntime runtime)
    {
        var name = Launcher.NameOf(runtime);
        return Programs.Find(name) is { } program
            ? new ProbeFinding(name, ProbeLevel.Ok, $"{program}, for tiers that ask for it")
            : new ProbeFinding(name, ProbeLevel.Note, $"Not installed; only tiers with runtime {name} need it.", InstallOf(runtime));
    }

    private static string InstallOf(LocalRuntime runtime) => runtime == LocalRuntime.Runsc
        ? "apt-get install -y -t bookworm-backports runsc (with bookworm-backports among the sources; Debian 12's own is too old)"
        : $"apt-get install -y {Launcher.NameOf(runtime)}";

    private static ProbeFinding ControlGroups(CgroupLayout layout)
    {
        var what = layout.Version switch
        {
            CgroupVersion.None => "none are mounted",
            CgroupVersion.One => "version 1",
            CgroupVersion.Hybrid => "version 1 with a unified hierarchy beside it (hybrid)",
            _ => "version 2",
        };
        List<string> missing = [.. layout.Missing];
        if (layout.Version is CgroupVersion.One or CgroupVersion.Hybrid && !layout.Mounts.ContainsKey("freezer"))
            missing.Add("freezer");
        return missing.Count == 0
            ? new ProbeFinding("control groups", ProbeLevel.Ok, $"{what}; memory, cpu, pids and freezing are there")
            : new ProbeFinding("control groups", ProbeLevel.Missing, $"{what}; without {string.Join(", ", missing)}", layout.Version == CgroupVersion.None ? "mount -t cgroup2 none /sys/fs/cgroup" : "Boot the kernel with cgroup_enable=memory, or with systemd.unified_cgroup_hierarchy=1");
    }

    private static ProbeFinding UserNamespaces()
    {
        var most = ReadNumber("/proc/sys/user/max_user_namespaces");
        return most switch
        {
            null => new ProbeFinding("user namespaces", ProbeLevel.Missing, "The kernel has none.", "Use a kernel with CONFIG_USER_NS."),
            0 => new ProbeFinding("user namespaces", ProbeLevel.Missing, "They are switched off.", "sysctl -w user.max_user_namespaces=65536"),
            _ => new ProbeFinding("user namespaces", ProbeLevel.Ok, $"at most {most}"),
        };
    }

    private static ProbeFinding Volumes(LocalTargetOptions options)
    {
        if (options.Volumes == VolumeMode.Folder)
            return new ProbeFinding("volumes", ProbeLevel.Note, "Volumes are plain folders (option volumes=folder): limits of disk are not held.");
        if (VolumeStore.CanLoop)
            return new ProbeFinding("volumes", ProbeLevel.Ok, "Each gets a file system of its own on a loop device: limits of disk are held.");
        if (!Environment.IsPrivilegedProcess && VolumeStore.MakeFileSystem is not null)
            return new ProbeFinding("volumes", ProbeLevel.Note, "Only root can tell whether loop devices can be used. Where they cannot, volumes are plain folders, and limits of disk are not held.");
        var level = options.Volumes == VolumeMode.Loop ? ProbeLevel.Missing : ProbeLevel.Note;
        return VolumeStore.MakeFileSystem is null
            ? new ProbeFinding("volumes", level, "mkfs.ext4 is not installed. Without it volumes are plain folders, and limits of disk are not held.", "apt-get install -y e2fsprogs")
            : new ProbeFinding("volumes", level, "Loop devices cannot be used here. Without them volumes are plain folders, and limits of disk are not held.", "modprobe loop");
    }

    private static ProbeFinding Egress()
    {
        List<string> missing = [.. ((string[])["ip", "nft"]).Where(program => Programs.Find(program) is null)];
        return missing.Count == 0
            ? new ProbeFinding("egress", ProbeLevel.Ok, "ip and nft are there: apps may be let out to the internet or to a list")
            : new ProbeFinding("egress", ProbeLevel.Note, $"{string.Join(" and ", missing)} not installed; only apps with egress need it.", "apt-get install -y iproute2 nftables");
    }

    private static IEnumerable<ProbeFinding> Releases(LocalHost host, CancellationToken cancellationToken)
    {
        host.Chores.CheckBuilds(cancellationToken);
        return host.Builds.Damage.Select(build => new ProbeFinding(
            "release", ProbeLevel.Note, $"{build.Key} is not as it was built: {build.Value}. It is built anew as soon as an instance of it is looked at."));
    }

    private static ProbeFinding Memory() => File.Exists("/proc/swaps") && File.ReadLines("/proc/swaps").Skip(1).Any() && Environment.OSVersion.Version < new Version(6, 4)
        ? new ProbeFinding("secrets", ProbeLevel.Note, "This machine swaps and its kernel cannot keep a tmpfs out of the swap: secrets in memory may be written there. Encrypt the swap, or use Linux 6.4.")
        : new ProbeFinding("secrets", ProbeLevel.Ok, "What is kept in memory stays there.");

    private static long? ReadNumber(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
