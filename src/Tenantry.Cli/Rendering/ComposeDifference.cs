using Tenantry.Targets.Docker.Compose;

namespace Tenantry.Cli.Rendering;

/// <summary>What a new Compose file changes in the one that is there, part by part.</summary>
internal static class ComposeDifference
{
    /// <summary>Lines with <c>+</c> and <c>-</c> before them, under the name of what they are part of; none when nothing changes.</summary>
    public static IReadOnlyList<string> Of(PresentCompose? present, PresentCompose wanted)
    {
        var before = (present?.Blocks ?? []).ToDictionary(block => (block.Section, block.Name), block => block.Lines);
        var lines = new List<string>();
        foreach (var block in wanted.Blocks)
        {
            before.Remove((block.Section, block.Name), out var old);
            Add(lines, block.Section, block.Name, old ?? [], block.Lines);
        }

        foreach (var ((section, name), old) in before)
            Add(lines, section, name, old, []);
        return lines;
    }

    private static void Add(List<string> lines, string section, string name, IReadOnlyList<string> old, IReadOnlyList<string> wanted)
    {
        var changes = Changes(old, wanted);
        if (changes.Count == 0)
            return;
        lines.Add($"@ {section} {name}");
        lines.AddRange(changes);
    }

    // The longest common subsequence; a part of a Compose file has some fifty lines.
    private static List<string> Changes(IReadOnlyList<string> old, IReadOnlyList<string> wanted)
    {
        var common = new int[old.Count + 1, wanted.Count + 1];
        for (var i = old.Count - 1; i >= 0; i--)
        {
            for (var j = wanted.Count - 1; j >= 0; j--)
                common[i, j] = old[i] == wanted[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        var changes = new List<string>();
        for (int i = 0, j = 0; i < old.Count || j < wanted.Count;)
        {
            if (i < old.Count && j < wanted.Count && old[i] == wanted[j])
                (i, j) = (i + 1, j + 1);
            else if (i < old.Count && (j == wanted.Count || common[i + 1, j] >= common[i, j + 1]))
                changes.Add("-" + old[i++]);
            else
                changes.Add("+" + wanted[j++]);
        }

        return changes;
    }
}
