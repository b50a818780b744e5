using System.Text.RegularExpressions;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>A Compose file that was rendered before, as far as the next one depends on it. Pure.</summary>
public sealed partial record PresentCompose
{
    /// <summary>How the first line of every rendered file begins.</summary>
    public const string Mark = "# Made by 'tenantry render compose'";

    /// <summary>Its parts in their order: section and name, and their lines.</summary>
    public required IReadOnlyList<ComposeBlock> Blocks { get; init; }

    /// <summary>Names of its services.</summary>
    public IEnumerable<string> Services => Blocks.Where(block => block.Section == "services").Select(block => block.Name);

    /// <summary>Addresses of its networks, by slug.</summary>
    public IReadOnlyDictionary<string, string> Subnets => Blocks
        .Where(block => block.Section == "networks")
        .Select(block => (block.Name, Match: Subnet().Match(string.Join('\n', block.Lines))))
        .Where(found => found.Match.Success)
        .ToDictionary(found => found.Name, found => found.Match.Groups["subnet"].Value, StringComparer.Ordinal);

    /// <summary>Reads what <see cref="ComposeRenderer"/> wrote; null for any other text.</summary>
    public static PresentCompose? Read(string text)
    {
        if (!text.StartsWith(Mark, StringComparison.Ordinal))
            return null;
        var blocks = new List<(string Section, string Name, List<string> Lines)>();
        var section = "";
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (line[0] != ' ')
                section = line.TrimEnd(':');
            else if (Key().Match(line) is { Success: true } key)
                blocks.Add((section, key.Groups["name"].Value, [line]));
            else if (blocks.Count > 0)
                blocks[^1].Lines.Add(line);
        }

        return new PresentCompose { Blocks = [.. blocks.Select(block => new ComposeBlock(block.Section, block.Name, block.Lines))] };
    }

    // Names that begin with a digit are in quotes.
    [GeneratedRegex("^  \"?(?<name>[^ \"]+?)\"?:( |$)", RegexOptions.ExplicitCapture)]
    private static partial Regex Key();

    [GeneratedRegex("subnet: \"?(?<subnet>[0-9./]+)\"?", RegexOptions.ExplicitCapture)]
    private static partial Regex Subnet();
}

/// <summary>A service, network, volume or secret of a Compose file.</summary>
public sealed record ComposeBlock(string Section, string Name, IReadOnlyList<string> Lines);
