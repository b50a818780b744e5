using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Applying;

/// <summary>A real folder, three levels deep, without what no manifest is made from.</summary>
internal sealed class FolderOnDisk(string path) : IFolderView
{
    private const int Levels = 3;
    private const long MostBytes = 1 << 20;

    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));

    public IReadOnlyCollection<string> Files { get; } = [.. List(new DirectoryInfo(path), "", Levels)];

    public string? Read(string file)
    {
        var info = new FileInfo(Path.Combine(path, file));
        return info.Exists && info.Length <= MostBytes ? File.ReadAllText(info.FullName) : null;
    }

    // What somebody else removes meanwhile, or may alone read, is nothing of a manifest's.
    private static IEnumerable<FileSystemInfo> Entries(DirectoryInfo folder, bool isBelow)
    {
        try
        {
            return folder.GetFileSystemInfos();
        }
        catch (Exception gone) when (isBelow && gone is (DirectoryNotFoundException or UnauthorizedAccessException))
        {
            return [];
        }
    }

    private static IEnumerable<string> List(DirectoryInfo folder, string prefix, int levels)
    {
        foreach (var entry in Entries(folder, isBelow: levels < Levels))
        {
            if (entry is FileInfo)
                yield return prefix + entry.Name;
            else if (entry is DirectoryInfo sub && levels > 1 && entry.LinkTarget is null && entry.Name is not (".git" or "node_modules"))
                foreach (var below in List(sub, prefix + entry.Name + "/", levels - 1))
                    yield return below;
        }
    }
}
