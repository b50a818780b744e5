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

    /// <summary>Makes folder and file when they are missing. The folder is the web side's: a link in the file's place would have root write where it leads.</summary>
    /// <exception cref="StoreRefusedException">There is something else in the file's place.</exception>
    public static void Ensure(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, FolderMode);
        using var present = UnfollowedFile.Find(path);
        using var made = present is null ? UnfollowedFile.Create(path, FileMode) : null;
        var file = made ?? present!;
        var status = FileStatus.Of(file);
        if (status.Kind != FileKind.Regular)
            throw new StoreRefusedException($"{path} is not a file but {(status.Kind == FileKind.Link ? "a link" : "something else")}: nothing is written there. Remove it, or restore a backup of the data folder; and see who put it there, since only the web side writes into this folder.");
        if (Environment.IsPrivilegedProcess && FileStatus.OwnerOf(folder) is var (user, group) && (status.User, status.Group) != (user, group))
            UnfollowedFile.Give(file, user, group, FileMode);
    }
}
