using System.Runtime.InteropServices;

namespace Tenantry.Targets.Local.Bundles;

/// <summary>
/// System calls that an instance may not make. A deny-list: what it names reaches parts of the kernel that an ordinary server
/// never needs and that isolation has failed through before. Only calls of the machine's own architecture pass at all.
/// </summary>
internal static class SeccompProfile
{
    private const string Refuse = "SCMP_ACT_ERRNO";
    private const uint NotPermitted = 1;
    private const uint NoSuchCall = 38;
    private const uint NoSuchFamily = 97;
    private const ulong SetLease = 1024;

    private static readonly string[] Refused =
    [
        // Another view of the file system, or another root.
        "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick",
        "mount_setattr", "swapon", "swapoff", "quotactl", "quotactl_fd", "name_to_handle_at", "open_by_handle_at", "fanotify_init",
        // Other namespaces.
        "unshare", "setns",
        // Other processes.
        "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
        // The kernel's key rings, which user namespaces do not separate well.
        "keyctl", "add_key", "request_key",
        // Programs and modules in the kernel.
        "bpf", "init_module", "finit_module", "delete_module", "create_module", "query_module", "get_kernel_syms", "kexec_load", "kexec_file_load",
        // Large, young or rarely needed interfaces.
        "userfaultfd", "perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register", "lookup_dcookie",
        // The machine itself.
        "reboot", "acct", "syslog", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "sethostname", "setdomainname",
        "iopl", "ioperm", "modify_ldt", "vm86", "vm86old", "nfsservctl", "sysfs", "uselib", "_sysctl", "mbind", "set_mempolicy",
        "set_mempolicy_home_node", "migrate_pages", "move_pages", "vhangup",
    ];

    // Netlink (route) stays: programs list their interfaces with it. These have no use here and reach much kernel code.
    private static readonly (string Name, ulong Number)[] RefusedFamilies =
    [
        ("AF_X25", 9), ("AF_KEY", 15), ("AF_PACKET", 17), ("AF_CAN", 29), ("AF_TIPC", 30), ("AF_BLUETOOTH", 31), ("AF_ALG", 38), ("AF_VSOCK", 40), ("AF_XDP", 44),
    ];

    // Mount, cgroup, uts, ipc, user, pid, net. (The bit of time namespaces is part of clone's exit signal.)
    private static readonly ulong[] NewNamespaces = [0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000];

    internal static OciSeccomp For(Architecture architecture) => new("SCMP_ACT_ALLOW", [NameOf(architecture)], [.. Rules()]);

    private static IEnumerable<OciSyscalls> Rules()
    {
        yield return new OciSyscalls(Refused, Refuse, NotPermitted);

        // Its flags are in memory, out of a filter's sight: a C library that is told it does not exist uses clone.
        yield return new OciSyscalls(["clone3"], Refuse, NoSuchCall);
        foreach (var flag in NewNamespaces)
            yield return new OciSyscalls(["clone"], Refuse, NotPermitted, [new OciSyscallArgument(0, flag, flag, "SCMP_CMP_MASKED_EQ")]);
        foreach (var family in RefusedFamilies)
            yield return new OciSyscalls(["socket"], Refuse, NoSuchFamily, [new OciSyscallArgument(0, family.Number, null, "SCMP_CMP_EQ")]);

        // A lease on a file makes whoever opens it wait for its holder, the engine too.
        yield return new OciSyscalls(["fcntl"], Refuse, NotPermitted, [new OciSyscallArgument(1, 0xffffffff, SetLease, "SCMP_CMP_MASKED_EQ")]);

        // Typing into the terminal that started it (TIOCSTI, TIOCLINUX).
        foreach (var request in new ulong[] { 0x5412, 0x541C })
            yield return new OciSyscalls(["ioctl"], Refuse, NotPermitted, [new OciSyscallArgument(1, 0xffffffff, request, "SCMP_CMP_MASKED_EQ")]);
    }

    private static string NameOf(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "SCMP_ARCH_X86_64",
        Architecture.Arm64 => "SCMP_ARCH_AARCH64",
        _ => throw new PlatformNotSupportedException($"No system call profile for {architecture}."),
    };
}
