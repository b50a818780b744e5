using Tenantry.Targets.Linux;
using Tenantry.Targets.Linux.Cgroups;
using Tenantry.Targets.Local;

namespace Tenantry.Targets.Tests.Linux;

/// <summary>What the kernel's text files say, and what is written into them.</summary>
public sealed class KernelTextTests
{
    [Fact]
    public void MountsAreReadWithEscapedPlacesOptionalFieldsAndMissingOptions()
    {
        var mounts = MountTable.Parse("""
            36 35 98:0 /sub\040folder /mnt/a\040b\134c rw,noatime master:1 shared:2 - ext4 /dev/root rw,errors=continue
            41 35 0:4 net:[4026532] /run/x.net rw shared:12 - nsfs nsfs rw
            50 35 0:22 / /sys/fs/cgroup/\303\244 rw - cgroup cgroup

            """);
        mounts.ShouldBe(
        [
            new MountEntry("/sub folder", "/mnt/a b\\c", "ext4", "/dev/root", "rw,errors=continue"),
            new MountEntry("net:[4026532]", "/run/x.net", "nsfs", "nsfs", "rw"),
            new MountEntry("/", "/sys/fs/cgroup/ä", "cgroup", "cgroup", ""),
        ]);
    }

    [Theory]
    [InlineData("42 (busybox) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 1 2 3", 'S', 7, 123456L)]
    [InlineData("42 (a) b) (c) Z 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99 1", 'Z', 1, 99L)]
    public void AProcesssStatIsReadWhateverItsNameIs(string text, char state, int parent, long start) =>
        ProcessIdentity.ParseStat(text).ShouldBe(new ProcessStat(state, parent, start));

    [Theory]
    [InlineData("")]
    [InlineData("42 (busybox)")]
    [InlineData("42 (busybox) S 7 42")]
    public void AStatThatWasCutOffIsNone(string text) => ProcessIdentity.ParseStat(text).ShouldBeNull();

    [Fact]
    public void ThisProcessIsAliveAndOneWithItsNumberAndAnotherStartIsNot()
    {
        var self = ProcessIdentity.Of(Environment.ProcessId).ShouldNotBeNull();
        (self.IsAlive, (self with { StartTicks = self.StartTicks + 1 }).IsAlive, (self with { BootId = "another" }).IsAlive).ShouldBe((true, false, false));
        ProcessIdentity.Of(int.MaxValue).ShouldBeNull();
    }

    [Theory]
    [InlineData("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000004002\n", 15, false)]
    [InlineData("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000000\n", 13, false)]
    [InlineData("SigIgn:\t0000000000001000\nSigCgt:\t0000000000004002\n", 1, true)]
    public void AStatusTellsWhetherASignalIsCaughtOrIgnored(string status, int signal, bool isDefault) => SignalDisposition.IsDefault(status, signal).ShouldBe(isDefault);

    [Fact]
    public void ControlGroupsOfVersionOneHaveAHierarchyForEachController()
    {
        var layout = Layout(
            "cgroup /sys/fs/cgroup/memory rw,memory",
            "cgroup /sys/fs/cgroup/cpu,cpuacct rw,cpu,cpuacct",
            "cgroup /sys/fs/cgroup/pids rw,pids",
            "cgroup /sys/fs/cgroup/freezer rw,freezer",
            "cgroup /sys/fs/cgroup/net_cls rw,net_cls");
        (layout.Version, layout.Unified, layout.Missing.Count).ShouldBe((CgroupVersion.One, null, 0));
        layout.Mounts.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["cpu"] = "/sys/fs/cgroup/cpu,cpuacct",
            ["cpuacct"] = "/sys/fs/cgroup/cpu,cpuacct",
            ["freezer"] = "/sys/fs/cgroup/freezer",
            ["memory"] = "/sys/fs/cgroup/memory",
            ["pids"] = "/sys/fs/cgroup/pids",
        });
    }

    [Fact]
    public void AHybridLayoutIsVersionOneWithAUnifiedHierarchyBesideIt()
    {
        var layout = Layout("cgroup /sys/fs/cgroup/memory rw,memory", "cgroup2 /sys/fs/cgroup/unified rw");
        (layout.Version, layout.Unified).ShouldBe((CgroupVersion.Hybrid, "/sys/fs/cgroup/unified"));
        layout.Missing.ShouldBe(["cpu", "pids"]);
    }

    [Fact]
    public void VersionTwoHasOneHierarchyAndSaysItsControllers()
    {
        var layout = Layout("cgroup2 /sys/fs/cgroup rw,nsdelegate");
        (layout.Version, layout.Unified).ShouldBe((CgroupVersion.Two, "/sys/fs/cgroup"));
        layout.Mounts.ShouldAllBe(mount => mount.Value == "/sys/fs/cgroup");
        layout.Missing.ShouldBe(["pids"]);
        Layout("proc /proc rw").Version.ShouldBe(CgroupVersion.None);
    }

    [Fact]
    public void LimitsAreTheKernelsTextInTheOrderInWhichItTakesThem()
    {
        var limits = new CgroupLimits(268_435_456, 0.25m, 0.5m, 64);
        Text(limits, CgroupVersion.One).ShouldBe(Text(limits, CgroupVersion.Hybrid));
        Text(limits, CgroupVersion.One).ShouldBe(
        [
            "memory.limit_in_bytes=268435456",
            "memory.memsw.limit_in_bytes=268435456?",
            "memory.swappiness=0?",
            "cpu.cfs_period_us=100000",
            "cpu.cfs_quota_us=25000",
            "cpu.shares=512",
            "pids.max=64",
        ]);
        Text(limits, CgroupVersion.Two).ShouldBe(
            ["memory.max=268435456", "memory.swap.max=0?", "memory.oom.group=0?", "cpu.max=25000 100000", "cpu.weight=50", "pids.max=64"]);
    }

    [Fact]
    public void LimitsAreRoundedToPagesAndKeptWithinWhatTheKernelTakes()
    {
        Text(new CgroupLimits(1, 0.001m, 0, 1), CgroupVersion.Two).ShouldBe(["memory.max=4096", "memory.swap.max=0?", "memory.oom.group=0?", "cpu.max=1000 100000", "cpu.weight=1", "pids.max=1"]);
        Text(new CgroupLimits(10_000, 64, 5000, 1), CgroupVersion.One).ShouldContain("memory.limit_in_bytes=8192");
        Text(new CgroupLimits(10_000, 64, 5000, 1), CgroupVersion.One).ShouldContain("cpu.shares=262144");
        Text(new CgroupLimits(10_000, 64, 5000, 1), CgroupVersion.Two).ShouldContain("cpu.weight=10000");
    }

    [Fact]
    public void LimitsThatThisProcessMayNotRaiseAreNotHandedOn()
    {
        const string Limits = "Limit                     Soft Limit           Hard Limit           Units     \nMax cpu time              unlimited            unlimited            seconds   \nMax open files            1024                 20000                files     \n";
        Machine.From(Limits, "0\n").ShouldBe(new Machine(20_000, 500));
        Machine.From(Limits.Replace("20000", "1048576", StringComparison.Ordinal), "900").ShouldBe(new Machine(65_536, 900));
        Machine.From("", "-1000").ShouldBe(new Machine(65_536, 500));
    }

    private static CgroupLayout Layout(params string[] mounts) => CgroupLayout.From(
        [.. mounts.Select(mount => mount.Split(' ')).Select(mount => new MountEntry("/", mount[1], mount[0], mount[0], mount[2]))],
        _ => ["cpuset", "cpu", "io", "memory"]);

    private static IEnumerable<string> Text(CgroupLimits limits, CgroupVersion version) =>
        limits.Settings(version).Select(setting => $"{setting.File}={setting.Value}{(setting.Optional ? "?" : "")}");
}
