using System.Security.Cryptography;
using System.Text;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>This machine: what it has, and what is left on it.</summary>
internal static class Machine
{
    private static readonly string[] Always = ["crun", "ip", "busybox"];

    public static string? WhyNot(IReadOnlyList<string> programs)
    {
        if (!Environment.IsPrivilegedProcess)
            return "Needs root, to make sandboxes.";
        var missing = Always.Concat(programs).Where(program => Find(program) is null).ToList();
        return missing.Count == 0 ? null : $"Not on this machine: {string.Join(", ", missing)}.";
    }

    public static string? Find(string program) =>
        ((string[])["/usr/sbin", "/usr/bin", "/sbin", "/bin"]).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Everything of a control plane that is still on this machine: its instances' processes, mounts and control groups.</summary>
    public static IReadOnlyList<string> LeftOf(string folder, string cgroup) =>
    [
        .. File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(folder, StringComparison.Ordinal) || line.Contains(cgroup, StringComparison.Ordinal)).Select(line => "mount " + line.Split(' ')[4]),
        .. ProcessesIn(cgroup).Select(pid => $"process {pid} {CommandLine(pid)}"),
        .. Cgroups(cgroup).Select(path => "cgroup " + path),
    ];

    /// <summary>Processes in the control groups of a control plane's instances.</summary>
    public static IReadOnlyList<int> ProcessesIn(string cgroup) =>
    [
        .. Directory.GetDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), out var pid) ? pid : 0)
            .Where(pid => pid > 0 && Read($"/proc/{pid}/cgroup").Contains("/" + cgroup, StringComparison.Ordinal)),
    ];

    /// <summary>Processes that this one started and that have not ended.</summary>
    public static IReadOnlyList<int> ChildrenOf(int pid) =>
    [
        .. Directory.GetDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), out var id) ? id : 0)
            .Where(id => id > 0 && Read($"/proc/{id}/status").Contains($"\nPPid:\t{pid}\n", StringComparison.Ordinal)),
    ];

    public static string CommandLine(int pid) => Read($"/proc/{pid}/cmdline").Replace('\0', ' ').Trim();

    /// <summary>A field of <c>/proc/PID/status</c>.</summary>
    public static string Status(int pid, string field) =>
        Read($"/proc/{pid}/status").Split('\n').Single(line => line.StartsWith(field + ":", StringComparison.Ordinal))[(field.Length + 1)..].Trim();

    /// <summary>Takes away what a control plane without instances keeps until a reboot: its folder below /run and its empty control groups.</summary>
    public static async Task ForgetAsync(string folder, string cgroup)
    {
        var run = "/run/tenantry/" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..12];
        const string Script = """
            awk -v run="$1/" 'index($2, run) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r place; do umount -l "$place"; done
            rm -rf "$1"
            find /sys/fs/cgroup -mindepth 1 -maxdepth 3 -depth -type d -path "*/$2*" -exec rmdir {} + 2>/dev/null || true
            """;
        (await Finished.RunAsync("/bin/sh", ["-c", Script, "sh", run, cgroup])).ShouldEndWith(0);
    }

    // A parent group that holds no instance is not a left-over.
    private static IEnumerable<string> Cgroups(string cgroup) =>
        Directory.GetDirectories("/sys/fs/cgroup", cgroup, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2, IgnoreInaccessible = true })
            .SelectMany(group => Directory.GetDirectories(group));

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // The process ended between the two looks.
            return "";
        }
    }
}
