using System.Security.Cryptography;
using System.Text;

namespace Tenantry.Targets.Local.Roots;

/// <summary>
/// A small folder tree that holds every place on which a container mounts something, because a container's first process has no
/// right to make them. Equal ones are one folder, named by what is in it, shared by all instances.
/// </summary>
internal static class Skeleton
{
    private const UnixFileMode FileMode = (UnixFileMode)0b110_100_100;
    private const UnixFileMode FolderMode = (UnixFileMode)0b111_101_101;

    /// <summary>Places that every container mounts on.</summary>
    internal static IReadOnlyList<Place> Usual { get; } =
    [
        new("/proc", IsFolder: true), new("/sys", IsFolder: true), new("/dev", IsFolder: true), new("/tmp", IsFolder: true), new("/run", IsFolder: true),
    ];

    /// <summary>A name for what the skeleton holds.</summary>
    internal static string KeyOf(string lower, SkeletonPlan plan, IReadOnlyList<Place> places)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, "root", lower);
        foreach (var folder in plan.Folders)
            Add(hash, "folder", folder);
        foreach (var (place, content) in plan.Files)
            Add(hash, $"file {place}", Convert.ToHexStringLower(SHA256.HashData(content)));
        foreach (var (place, target) in plan.Links)
            Add(hash, $"link {place}", target);
        foreach (var shown in plan.Shown)
            Add(hash, "folder", shown.Place);
        foreach (var place in places)
            Add(hash, place.IsFolder ? "folder" : "file", place.Path);
        return Convert.ToHexStringLower(hash.GetCurrentHash())[..32];
    }

    /// <summary>Makes it in an empty folder.</summary>
    internal static void Write(string folder, SkeletonPlan plan, IReadOnlyList<Place> places)
    {
        foreach (var (place, target) in plan.Links)
        {
            MakeFolder(folder, Path.GetDirectoryName(place)!);
            File.CreateSymbolicLink(folder + place, target);
        }

        foreach (var path in plan.Folders.Concat(plan.Shown.Select(shown => shown.Place)))
            MakeFolder(folder, path);
        foreach (var (place, content) in plan.Files)
        {
            MakeFolder(folder, Path.GetDirectoryName(place)!);
            File.WriteAllBytes(folder + place, content);
        }

        foreach (var place in places.OrderBy(place => place.Path.Length))
            MakePlace(folder, place);
        Open(folder);
    }

    // Whatever this process's umask is, everybody may look.
    private static void Open(string folder)
    {
        File.SetUnixFileMode(folder, FolderMode);
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Where(entry => entry.LinkTarget is null))
            entry.UnixFileMode = entry is DirectoryInfo ? FolderMode : FileMode;
    }

    private static void MakePlace(string folder, Place place)
    {
        if (place.IsFolder)
        {
            MakeFolder(folder, place.Path);
            return;
        }

        MakeFolder(folder, Path.GetDirectoryName(place.Path)!);
        if (!File.Exists(folder + place.Path))
            File.WriteAllBytes(folder + place.Path, []);
    }

    private static void MakeFolder(string root, string path) => Directory.CreateDirectory(root + path);

    private static void Add(IncrementalHash hash, string kind, string value) => hash.AppendData(Encoding.UTF8.GetBytes($"{kind}\0{value}\0"));
}

/// <summary>A place inside a root on which something is mounted: absolute, without links.</summary>
internal sealed record Place(string Path, bool IsFolder);
