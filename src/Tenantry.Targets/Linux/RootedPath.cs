namespace Tenantry.Targets.Linux;

/// <summary>
/// Paths inside another root: symbolic links and <c>..</c> lead nowhere outside it. For trees that nobody else changes at the
/// same time.
/// </summary>
public static class RootedPath
{
    private const int MostLinks = 40;

    /// <summary>
    /// Where <paramref name="path"/>, as seen inside <paramref name="root"/>, lies in it: an absolute path without links as seen inside. What
    /// does not exist stays as it is written.
    /// </summary>
    public static string Resolve(string root, string path)
    {
        var links = 0;
        var done = new List<string>();
        var rest = new Stack<string>(Parts(path).Reverse());
        while (rest.TryPop(out var part))
        {
            if (part == "..")
            {
                if (done.Count > 0)
                    done.RemoveAt(done.Count - 1);
                continue;
            }

            done.Add(part);
            if (new FileInfo(OnHost(root, done)).LinkTarget is not { } target)
                continue;
            if (++links > MostLinks)
                throw new IOException($"Too many symbolic links in {path}.");
            done.RemoveAt(done.Count - 1);
            if (target.StartsWith('/'))
                done.Clear();
            foreach (var step in Parts(target).Reverse())
                rest.Push(step);
        }

        return "/" + string.Join('/', done);
    }

    /// <summary>The same, as a path of the host.</summary>
    public static string ResolveOnHost(string root, string path) => root.TrimEnd('/') + Resolve(root, path);

    private static string OnHost(string root, List<string> parts) => root.TrimEnd('/') + "/" + string.Join('/', parts);

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".");
}
