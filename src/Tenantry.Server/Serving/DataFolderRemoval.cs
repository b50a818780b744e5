using Tenantry.Server.Store;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>Removes a data folder that no control plane uses any more and on which no instance is left.</summary>
public static class DataFolderRemoval
{
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
