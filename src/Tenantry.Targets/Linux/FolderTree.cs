using System.IO.Enumeration;

namespace Tenantry.Targets.Linux;

/// <summary>Trees of which a part comes from outside: a link in them is a link, and what it leads to is not looked at.</summary>
public static class FolderTree
{
    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false, ReturnSpecialDirectories = false };

    /// <summary>Everything below a folder, a folder before what is in it.</summary>
    public static IEnumerable<FileSystemInfo> Below(string folder) =>
        new FileSystemEnumerable<FileSystemInfo>(folder, (ref entry) => entry.ToFileSystemInfo(), Everything)
        {
            ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };

    /// <summary>True for a symbolic link.</summary>
    public static bool IsLink(FileSystemInfo entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint);
}
