using System.Globalization;
using System.Text;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local.Roots;

/// <summary>
/// The root file system made from the host's own programs and libraries: what is shown of the host, and the few files of
/// <c>/etc</c> that programs need. Nothing of the host's configuration, home folders or data is in it.
/// </summary>
internal static class HostRoot
{
    private static readonly string[] ProgramFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
    private static readonly string[] ShownFolders = ["/etc/alternatives", "/etc/ssl/certs"];
    private static readonly string[] CopiedFiles = ["/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/protocols", "/etc/services", "/etc/ssl/openssl.cnf", "/etc/magic"];

    /// <summary>Reads the host.</summary>
    internal static SkeletonPlan Plan(uint user, uint group)
    {
        var links = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var shown = new List<Shown>();
        foreach (var folder in ProgramFolders.Where(Directory.Exists))
        {
            if (new DirectoryInfo(folder).LinkTarget is { } target)
                links[folder] = target;
            else
                shown.Add(new Shown(folder, folder));
        }

        foreach (var folder in ShownFolders.Where(Directory.Exists))
            shown.Add(new Shown(folder, folder));
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["/etc/passwd"] = Text(Passwd(user, group)),
            ["/etc/group"] = Text(Group(group)),
            ["/etc/nsswitch.conf"] = Text("passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"),
            ["/etc/resolv.conf"] = Text(""),
            ["/etc/hosts"] = Text("127.0.0.1 localhost\n::1 localhost\n"),
        };
        foreach (var file in CopiedFiles.Where(File.Exists))
            files[file] = File.ReadAllBytes(file);
        return new SkeletonPlan(["/home", "/mnt", "/opt", "/srv", "/var/lib", "/var/log", "/var/tmp"], files, links, shown);
    }

    private static string Passwd(uint user, uint group) => string.Create(
        CultureInfo.InvariantCulture,
        $"root:x:0:0:root:/:/bin/sh\n{(user is 0 or 65534 ? "" : $"app:x:{user}:{group}:app:/tmp:/bin/sh\n")}nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n");

    private static string Group(uint group) => string.Create(
        CultureInfo.InvariantCulture,
        $"root:x:0:\n{(group is 0 or 65534 ? "" : $"app:x:{group}:\n")}tty:x:5:\nnogroup:x:65534:\n");

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}

/// <summary>What an empty root is filled with.</summary>
/// <param name="Folders">Folders to make.</param>
/// <param name="Files">Files to write, by place.</param>
/// <param name="Links">Symbolic links, by place.</param>
/// <param name="Shown">Folders of the host that are mounted into it; their places are made.</param>
internal sealed record SkeletonPlan(
    IReadOnlyList<string> Folders,
    IReadOnlyDictionary<string, byte[]> Files,
    IReadOnlyDictionary<string, string> Links,
    IReadOnlyList<Shown> Shown)
{
    internal static SkeletonPlan Empty { get; } = new([], new Dictionary<string, byte[]>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal), []);
}
