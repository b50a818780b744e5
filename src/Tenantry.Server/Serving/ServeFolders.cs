using System.Security.Cryptography;
using System.Text;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>
/// Lays out the data folder. Where the engine is root, everything is its own but what the web side must write; the folder itself carries the
/// sticky bit, so that the web side can put its socket there and cannot move what is the engine's.
/// </summary>
internal static class ServeFolders
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    /// <summary>For an ordinary user, or a process that plays one side alone: beside an engine that is root its folders are there, and not the web side's to look into.</summary>
    public static void Prepare(DataFolders folders, ServeRoles roles)
    {
        RefuseLongNames(folders);
        Make(folders.Root, Owner);
        string[] engine = roles.HasFlag(ServeRoles.Engine) ? [Path.GetDirectoryName(folders.EngineKey)!, folders.Sources] : [];
        foreach (var folder in (string[])[folders.StoreFolder, folders.Uploads, Path.GetDirectoryName(folders.Routes)!, .. engine])
            Make(folder, Owner);
    }

    /// <summary>For an engine that is root and a web side that is <paramref name="web"/>.</summary>
    /// <exception cref="ServeRefusedException">The folder cannot be used.</exception>
    public static void Prepare(DataFolders folders, WebUser web)
    {
        RefuseLongNames(folders);
        Make(folders.Root, Owner);
        Ownership.Give(folders.Root, 0, web.Group);
        File.SetUnixFileMode(folders.Root, Owner | Group | UnixFileMode.StickyBit);
        Make(Path.GetDirectoryName(folders.EngineKey)!, Owner);
        Make(folders.Sources, Owner);
        Make(Path.GetDirectoryName(folders.Target("x"))!, Owner | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        foreach (var folder in new[] { folders.StoreFolder, folders.Uploads, Path.GetDirectoryName(folders.Routes)! })
        {
            Make(folder, Owner);
            Ownership.Give(folder, web.Id, web.Group);
            foreach (var file in Directory.EnumerateFiles(folder))
                Ownership.Give(file, web.Id, web.Group);
        }
    }

    /// <summary>
    /// An empty folder that everybody can reach, for showing the data folder to the web side where the way to the data folder itself is closed
    /// to others (a temporary folder of root's own).
    /// </summary>
    public static string Window(DataFolders folders)
    {
        var window = Path.Combine(RunFolder(folders), "window");
        Directory.CreateDirectory(window);
        for (var folder = window; folder != "/run"; folder = Path.GetDirectoryName(folder)!)
            File.SetUnixFileMode(folder, Owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return window;
    }

    /// <summary>Where things go that a reboot may empty.</summary>
    public static string RunFolder(DataFolders folders)
    {
        if (!Environment.IsPrivilegedProcess)
            return Path.Combine(folders.Root, "run");
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folders.Root)))[..12];
        return Path.Combine("/run/tenantry", name);
    }

    // The kernel's limit for the name of a Unix socket.
    private static void RefuseLongNames(DataFolders folders)
    {
        const int longest = 107;
        if (Encoding.UTF8.GetByteCount(folders.EngineSocket) > longest)
            throw new ServeRefusedException($"The name of {folders.EngineSocket} is longer than a Unix socket's may be ({longest} bytes). Choose a --data folder with a shorter name.");
    }

    private static void Make(string folder, UnixFileMode mode)
    {
        Directory.CreateDirectory(folder, mode);
        if (new DirectoryInfo(folder).LinkTarget is not null)
            throw new ServeRefusedException($"{folder} is a link; it must be a folder.");
    }
}
