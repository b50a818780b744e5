namespace Tenantry.Cli.Applying;

/// <summary>A file that a manifest names, where the folder is somebody else's: whoever made it must not get this machine's files into a release.</summary>
internal static class FileInFolder
{
    private const int MostLinks = 40;

    /// <summary>Where it really is, links followed; null when it is not there, or a link leads out of the folder.</summary>
    public static string? Find(string folder, string path)
    {
        var root = Real(Path.GetFullPath(folder), "/", 0);
        return root is not null && Real(Path.Combine(root, path), root, 0) is { } real && File.Exists(real) ? real : null;
    }

    // Each part of the path is followed by itself; null once one leaves the folder.
    private static string? Real(string path, string root, int links)
    {
        if (links > MostLinks)
            return null;
        var found = "/";
        var parts = Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
        {
            var next = Path.Combine(found, parts[i]);
            if (new FileInfo(next).LinkTarget is { } target)
                return Real(Path.Combine([found, target, .. parts[(i + 1)..]]), root, links + 1);
            found = next;
        }

        return root == "/" || found == root || found.StartsWith(root + "/", StringComparison.Ordinal) ? found : null;
    }
}
