namespace Tenantry.Server.Sources;

/// <summary>Where the links of an archive lead, through each other.</summary>
internal static class SourceLinks
{
    // As many as the kernel follows; whoever goes on has run in a circle.
    private const int MostFollowed = 40;

    /// <summary>True when following a link never leaves the folder that the archive is unpacked to.</summary>
    /// <param name="path">The link's.</param>
    /// <param name="links">What each link of the archive leads to, by path.</param>
    internal static bool StaysInside(string path, IReadOnlyDictionary<string, string> links)
    {
        var done = new List<string>();
        var rest = new Stack<string>(path.Split('/').Reverse());
        for (var followed = 0; followed <= MostFollowed && rest.TryPop(out var part);)
        {
            if (part is "" or ".")
                continue;
            if (part == "..")
            {
                if (done.Count == 0)
                    return false;
                done.RemoveAt(done.Count - 1);
                continue;
            }

            done.Add(part);
            if (!links.TryGetValue(string.Join('/', done), out var target))
                continue;
            if (target.StartsWith('/'))
                return false;
            followed++;
            done.RemoveAt(done.Count - 1);
            foreach (var step in target.Split('/').Reverse())
                rest.Push(step);
        }

        return true;
    }
}
