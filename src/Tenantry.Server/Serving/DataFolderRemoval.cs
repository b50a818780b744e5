using Tenantry.Server.Store;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>Removes a data folder that no control plane uses any more and on which no instance is left.</summary>
public static class DataFolderRemoval
{
    // What a target keeps for no instance in particular.
    private static readonly string[] OfNobody = ["locks", "roots", "window", "program-0", "program-1"];

    /// <summary>Removes what may be lost with a reboot, when no instance has anything there: nothing is left of a control plane that served nobody.</summary>
    /// <returns>False: somebody has something there.</returns>
    public static bool RemoveRunFolderOfNobody(DataFolders folders)
    {
        var run = ServeFolders.RunFolder(folders);
        if (!Directory.Exists(run))
            return true;
        if (Mounts.Under(folders.Root).Count > 0 || IsInUse(run))
            return false;
        Mounts.UnmountTree(run);
        Directory.Delete(run, recursive: true);
        return true;
    }

    private static bool IsInUse(string folder) => Directory.EnumerateFileSystemEntries(folder)
        .Where(entry => !OfNobody.Contains(Path.GetFileName(entry), StringComparer.Ordinal))
        .Any(entry => !Directory.Exists(entry) || new DirectoryInfo(entry).LinkTarget is not null || IsInUse(entry));

    /// <summary>Removes the folder, and what its targets keep mounted and in memory elsewhere.</summary>
    /// <exception cref="IOException">Something is still mounted below it, data of an instance say. Nothing was removed.</exception>
    public static void Remove(DataFolders folders)
    {
        if (Mounts.Under(folders.Root) is [var mounted, ..])
            throw new IOException($"{mounted} is still mounted: an instance is left in {folders.Root}. Nothing was removed.");
        var run = ServeFolders.RunFolder(folders);
        Mounts.UnmountTree(run);
        if (Directory.Exists(run))
            Directory.Delete(run, recursive: true);
        Directory.Delete(folders.Root, recursive: true);
    }
}
