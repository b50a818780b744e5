namespace Tenantry.Model.Builds;

/// <summary>
/// Decides which files below a manifest's folder are inputs of its build. <c>*</c> and <c>?</c> stay within a name, <c>**</c> crosses folders,
/// a pattern that names a folder means all below it, a leading <c>!</c> takes away, and the last pattern that matches a file decides. The
/// folder <c>.git</c> is never an input.
/// </summary>
public sealed class InputGlobs
{
    private readonly IReadOnlyList<(bool Takes, string[] Segments)> _patterns;

    /// <summary>Reads patterns with <c>/</c> between their names, relative to the manifest.</summary>
    public InputGlobs(IEnumerable<string> patterns) => _patterns = [.. patterns.Select(Parse)];

    /// <summary>Whether a file is an input.</summary>
    /// <param name="path">Relative to the manifest, with <c>/</c> between its names.</param>
    public bool Contains(string path)
    {
        var names = path.Split('/');
        if (names[0] == ".git")
            return false;
        var taken = false;
        foreach (var (takes, segments) in _patterns)
            if (Matches(segments, names))
                taken = takes;
        return taken;
    }

    /// <summary>The numbers, from 0, of the patterns that shall take files and match none of these.</summary>
    public IReadOnlyList<int> FindUnmatched(IEnumerable<string> paths)
    {
        var open = Enumerable.Range(0, _patterns.Count).Where(i => _patterns[i].Takes).ToList();
        foreach (var path in paths)
        {
            if (open.Count == 0)
                break;
            var names = path.Split('/');
            open.RemoveAll(i => Matches(_patterns[i].Segments, names));
        }

        return open;
    }

    private static (bool Takes, string[] Segments) Parse(string pattern)
    {
        var takes = !pattern.StartsWith('!');
        var segments = pattern.TrimStart('!').Split('/', StringSplitOptions.RemoveEmptyEntries).Where(s => s != ".");
        return (takes, [.. segments]);
    }

    // What is left of the path when the pattern ends lies below the folder that it named.
    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> names)
    {
        if (pattern.IsEmpty)
            return true;
        if (pattern[0] == "**")
        {
            for (var skipped = 0; skipped < names.Length; skipped++)
                if (Matches(pattern[1..], names[skipped..]))
                    return true;
            return false;
        }

        return !names.IsEmpty && MatchesName(pattern[0], names[0]) && Matches(pattern[1..], names[1..]);
    }

    // Goes back to the last star alone: enough for stars, and never exponential.
    private static bool MatchesName(string pattern, string name)
    {
        var (p, n, star, resume) = (0, 0, -1, 0);
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
                (star, resume) = (p++, n);
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == name[n]))
                (p, n) = (p + 1, n + 1);
            else if (star >= 0)
                (p, n) = (star + 1, ++resume);
            else
                return false;
        }

        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }
}
