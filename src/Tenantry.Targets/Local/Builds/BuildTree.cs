using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Builds;

/// <summary>Owners and modes of a build's files.</summary>
internal static class BuildTree
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Runnable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode Special = UnixFileMode.SetUser | UnixFileMode.SetGroup | UnixFileMode.StickyBit | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Gives all of it to a user.</summary>
    internal static void Give(string folder, uint user)
    {
        foreach (var entry in Entries(folder))
            Ownership.Give(entry.FullName, user, user);
    }

    /// <summary>Makes all of it root's, to be read and run by everybody and changed by nobody else.</summary>
    internal static void Publish(string folder)
    {
        foreach (var entry in Entries(folder))
        {
            Ownership.Give(entry.FullName, 0, 0);
            if (entry.LinkTarget is not null)
                continue;
            var mode = (entry.UnixFileMode | Readable) & ~Special;
            if (entry is DirectoryInfo || (mode & UnixFileMode.UserExecute) != 0)
                mode |= Runnable;
            entry.UnixFileMode = mode;
        }
    }

    /// <summary>The folder itself, then everything in it.</summary>
    internal static IEnumerable<FileSystemInfo> Entries(string folder) => FolderTree.Below(folder).Prepend(new DirectoryInfo(folder));
}
