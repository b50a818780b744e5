using System.Text;
using Tenantry.Targets.Linux.Cgroups;

namespace Tenantry.Targets.Local;

/// <summary>Command lines for OCI runtimes. Pure: golden tests hold them. Nothing secret is ever in them.</summary>
internal static class LocalCommands
{
    // The program waits to be told the files of its control groups, and goes into them. Its end of input, when whoever started it died
    // first, makes it end without having done anything. The input stays a pipe, at its end: crun gives what it finds there to the container's
    // user, and of the host's /dev/null that would be the host's own.
    private const string Gate = "set -f; IFS=:; read -r groups && for group in $groups; do echo 0 >\"$group\" || exit; done && exec \"$@\"";

    /// <summary>Starts a container and leaves it running.</summary>
    internal static IReadOnlyList<string> Run(LocalRuntime runtime, string program, string stateFolder, string bundle, ServicePaths service) =>
        ["/bin/sh", "-c", Gate, "sh", program, .. Global(runtime, stateFolder, service.ContainerId, service.RuntimeLog), "run", "--detach", "--bundle", bundle, "--pid-file", service.PidFile, service.ContainerId];

    /// <summary>Runs a container to its end, its streams being the caller's.</summary>
    internal static IReadOnlyList<string> RunToEnd(LocalRuntime runtime, string program, string stateFolder, string bundle, string containerId, string log) =>
        ["/bin/sh", "-c", Gate, "sh", program, .. Global(runtime, stateFolder, containerId, log), "run", "--bundle", bundle, containerId];

    /// <summary>Runs a command in a container.</summary>
    internal static IReadOnlyList<string> Exec(LocalRuntime runtime, string program, string stateFolder, string containerId, string processFile, string log) =>
        ["/bin/sh", "-c", Gate, "sh", program, .. Global(runtime, stateFolder, containerId, log), "exec", "--process", processFile, containerId];

    /// <summary>What a program is told on its input so that it begins: the files of <see cref="CgroupTree.Admit"/>.</summary>
    internal static byte[] Go(IReadOnlyList<string> groups) => Encoding.UTF8.GetBytes($"{string.Join(':', groups)}\n");

    private static IReadOnlyList<string> Global(LocalRuntime runtime, string stateFolder, string containerId, string log) => runtime switch
    {
        LocalRuntime.Crun => ["--root", stateFolder, "--log", $"file:{log}", "--cgroup-manager", "disabled"],
        LocalRuntime.Runc => ["--root", stateFolder, "--log", log],
        // It keeps files, not a folder, for each container.
        LocalRuntime.Runsc => ["--root", Path.Combine(stateFolder, containerId), "--log", log, "--platform=systrap", "--ignore-cgroups", "--network=host", "--overlay2=none"],
        _ => throw new ArgumentOutOfRangeException(nameof(runtime), runtime, "unknown runtime"),
    };
}
