using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Builds;

/// <summary>A file, folder or link of a build as it was when the build was done.</summary>
/// <param name="Path">Below the build's folder.</param>
/// <param name="Kind"><c>d</c>, <c>l</c> or <c>f</c>.</param>
/// <param name="Mode">Its mode; 0 of a link.</param>
/// <param name="Bytes">Length of a file.</param>
/// <param name="Written">Ticks (100 ns) of a file's last change.</param>
/// <param name="Link">Where a link leads.</param>
internal sealed record BuildEntry(string Path, char Kind, int Mode, long Bytes, long Written, string? Link);

/// <summary>
/// What lies in a build's folder, without what is in the files: written down beside it when it is made, so that what somebody changes by hand is seen without
/// reading it all. A build from before there were such marks is taken as it is when it is first looked at.
/// </summary>
internal static class BuildMark
{
    internal static string PathOf(string folder) => $"{folder}.tree";

    internal static void Write(string folder) => AtomicFile.WriteJson(PathOf(folder), List(folder), durable: true);

    /// <summary>What is not as it was built, the first of it in words; null when all of it is.</summary>
    internal static string? Damage(string folder)
    {
        if (!Directory.Exists(folder))
            return "its folder is gone";
        if (ReadOrNull(folder) is not { } built)
        {
            Write(folder);
            return null;
        }

        var now = List(folder).ToDictionary(entry => entry.Path, StringComparer.Ordinal);
        var wrong = new List<string>();
        foreach (var entry in built)
        {
            if (!now.Remove(entry.Path, out var seen))
                wrong.Add($"{entry.Path} is gone");
            else if (seen != entry)
                wrong.Add($"{entry.Path} was changed");
        }

        wrong.AddRange(now.Keys.Select(path => $"{path} was added"));
        return wrong.Count switch { 0 => null, 1 => wrong[0], var count => $"{wrong[0]}, and {count - 1} more" };
    }

    private static List<BuildEntry>? ReadOrNull(string folder)
    {
        try
        {
            return AtomicFile.ReadJson<List<BuildEntry>>(PathOf(folder));
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static List<BuildEntry> List(string folder) =>
        [.. BuildTree.Entries(folder).Skip(1).Select(entry => Of(folder, entry)).OrderBy(entry => entry.Path, StringComparer.Ordinal)];

    private static BuildEntry Of(string folder, FileSystemInfo entry)
    {
        var path = System.IO.Path.GetRelativePath(folder, entry.FullName);
        return entry switch
        {
            { LinkTarget: { } link } => new BuildEntry(path, 'l', 0, 0, 0, link),
            FileInfo file => new BuildEntry(path, 'f', (int)file.UnixFileMode, file.Length, file.LastWriteTimeUtc.Ticks, null),
            // A folder's own time changes with what is in it, which is told by that.
            _ => new BuildEntry(path, 'd', (int)entry.UnixFileMode, 0, 0, null),
        };
    }
}
