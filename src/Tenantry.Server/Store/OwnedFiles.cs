using Tenantry.Targets.Linux;

namespace Tenantry.Server.Store;

/// <summary>
/// The embedded database is opened by two processes: the engine, maybe as root, and the web side as an ordinary user. So its file
/// belongs to the owner of its folder whoever makes it; SQLite gives its side files the same owner and mode.
/// </summary>
internal static class OwnedFiles
{
    private const UnixFileMode FolderMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    private const UnixFileMode FileMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>Makes folder and file when they are missing.</summary>
    public static void Ensure(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, FolderMode);
        if (!File.Exists(path))
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = System.IO.FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite,
                UnixCreateMode = FileMode,
            });
        }
        if (Environment.IsPrivilegedProcess)
            GiveToOwnerOf(folder, path);
    }

    private static void GiveToOwnerOf(string folder, string path)
    {
        var (user, group) = FileStatus.OwnerOf(folder);
        if (FileStatus.OwnerOf(path) == (user, group))
            return;
        Ownership.Give(path, user, group);
        // The umask may have taken the group's right to write.
        File.SetUnixFileMode(path, FileMode);
    }
}
