using System.Text.RegularExpressions;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>
/// The commands of a page of the documentation and what they print: in blocks marked <c>console</c>, a command after <c>$ </c>, its output below. <c>…</c> stands for anything in a line,
/// and alone in a line for any number of lines.
/// </summary>
internal sealed record Transcript(string Command, IReadOnlyList<string> Output)
{
    public static IReadOnlyList<Transcript> Of(string page)
    {
        var steps = new List<Transcript>();
        var isInside = false;
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, "docs", page)))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isInside = line == "```console";
            else if (isInside && line.StartsWith("$ ", StringComparison.Ordinal))
                steps.Add(new(line[2..], new List<string>()));
            else if (isInside)
                ((List<string>)steps[^1].Output).Add(line);
        }

        return steps;
    }

    /// <summary>Runs it in a shell in which <c>tenantry</c> is the program, and compares what it prints.</summary>
    public async Task RunAsync(ControlPlane plane, string folder, IReadOnlyDictionary<string, string?> variables)
    {
        var program = await TenantryProgram.BuildAsync();
        var all = variables.ToDictionary(StringComparer.Ordinal);
        all["TENANTRY_DATA"] = plane.Folder;
        var script = $"tenantry() {{ '{program}' \"$@\"; }}\n{Command} 2>&1";
        var run = await Finished.RunAsync("/bin/sh", ["-c", script], all, folder: folder);
        Pattern().IsMatch(run.Out.TrimEnd('\n')).ShouldBeTrue($"$ {Command}\nshould print\n{string.Join('\n', Output)}\nand printed\n{run.Out}");
    }

    private Regex Pattern()
    {
        var lines = Output.Reverse().SkipWhile(line => line.Length == 0).Reverse().Select(line => line == "…"
            ? "(?:[^\n]*\n)*?(?:[^\n]*)"
            : string.Join("[^\n]*", line.Split('…').Select(part => Regex.Replace(Regex.Escape(part), @"(\\ ){2,}", @"\s+"))) + @"\s*");
        return new Regex("^" + string.Join("\n?", lines) + "$", RegexOptions.None, TimeSpan.FromSeconds(5));
    }
}
