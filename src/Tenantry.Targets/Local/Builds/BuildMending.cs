using System.Security.Cryptography;

namespace Tenantry.Targets.Local.Builds;

/// <summary>Makes a build's folder what a fresh build of the same is. What runs keeps its mount of the folder, and finds what was missing there.</summary>
internal static class BuildMending
{
    /// <summary>Moves from <paramref name="fresh"/> what is missing or other, and removes what is not in it.</summary>
    internal static void Mend(string fresh, string folder)
    {
        var wanted = BuildTree.Entries(fresh).Skip(1).OrderBy(entry => entry.FullName, StringComparer.Ordinal).ToList();
        var names = wanted.Select(entry => Path.GetRelativePath(fresh, entry.FullName)).ToHashSet(StringComparer.Ordinal);
        foreach (var extra in BuildTree.Entries(folder).Skip(1).Where(entry => !names.Contains(Path.GetRelativePath(folder, entry.FullName))).ToList())
            Remove(extra.FullName);
        foreach (var entry in wanted)
        {
            var place = Path.Combine(folder, Path.GetRelativePath(fresh, entry.FullName));
            if (IsSame(entry, place))
            {
                if (entry.LinkTarget is null)
                    File.SetUnixFileMode(place, entry.UnixFileMode);
                continue;
            }

            if (entry is DirectoryInfo { LinkTarget: null })
            {
                Remove(place);
                Directory.CreateDirectory(place);
                File.SetUnixFileMode(place, entry.UnixFileMode);
                continue;
            }

            if (Directory.Exists(place))
                Remove(place);
            // In one step: whoever reads it just now reads the old or the new one.
            File.Move(entry.FullName, place, overwrite: true);
        }
    }

    private static bool IsSame(FileSystemInfo wanted, string place)
    {
        FileSystemInfo seen = wanted is DirectoryInfo ? new DirectoryInfo(place) : new FileInfo(place);
        if (!seen.Exists && seen.LinkTarget is null)
            return false;
        if (wanted.LinkTarget is not null || seen.LinkTarget is not null)
            return wanted.LinkTarget == seen.LinkTarget;
        return wanted is DirectoryInfo || (wanted is FileInfo file && file.Length == ((FileInfo)seen).Length && Hash(file.FullName).AsSpan().SequenceEqual(Hash(place)));
    }

    private static byte[] Hash(string path)
    {
        using var file = File.OpenRead(path);
        return SHA256.HashData(file);
    }

    private static void Remove(string place)
    {
        if (new FileInfo(place) is { Exists: true } or { LinkTarget: not null })
            File.Delete(place);
        else if (Directory.Exists(place))
            Directory.Delete(place, recursive: true);
    }
}
