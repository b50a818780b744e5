using System.Text;
using System.Text.RegularExpressions;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// The commands of a guide's transcript are run as they stand there, and print what stands there. With TENANTRY_WRITE_GOLDEN=1 the guide is written instead: look at
/// what changed before it is committed.
/// </summary>
public partial class TranscriptTests
{
    private const string Begin = "<!-- transcript -->\n";
    private const string End = "<!-- end -->";

    [MachineTheory("bash")]
    [InlineData("secrets.md", "vault")]
    public async Task WhatAGuideShowsIsWhatHappens(string page, string app)
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        var guide = Path.Combine(Repository.Root, "docs", page);
        var text = await File.ReadAllTextAsync(guide);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        var shown = text[begin..end];
        var printed = new StringBuilder("\n");
        foreach (var command in Commands(shown))
        {
            var exchange = await RunAsync(plane, app, command);
            // What an instance is comes to be so: a look at it is repeated until it is as shown.
            if (command.StartsWith("tenantry status", StringComparison.Ordinal))
            {
                await Eventually.HoldsAsync(async () =>
                {
                    exchange = await RunAsync(plane, app, command);
                    return (IsWritten || Timeless(shown).Contains(Timeless(exchange), StringComparison.Ordinal), exchange);
                });
            }

            printed.Append(exchange);
        }

        printed.Append('\n');
        if (IsWritten)
            await File.WriteAllTextAsync(guide, text[..begin] + printed + text[end..]);
        else
            Timeless(printed.ToString()).ShouldBe(Timeless(shown));
        Commands(shown).ShouldNotBeEmpty();
    }

    private static bool IsWritten => Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") == "1";

    private static IEnumerable<string> Commands(string shown) => shown.Split('\n').Where(line => line.StartsWith("    $ ", StringComparison.Ordinal)).Select(line => line["    $ ".Length..]);

    private static async Task<string> RunAsync(ControlPlane plane, string app, string command)
    {
        var program = Path.GetDirectoryName(await TenantryProgram.BuildAsync())!;
        var finished = await Finished.RunAsync(
            "/bin/bash",
            ["-c", command + " 2>&1"],
            new Dictionary<string, string?>(StringComparer.Ordinal) { ["TENANTRY_DATA"] = plane.Folder, ["PATH"] = program + ":" + Environment.GetEnvironmentVariable("PATH") },
            folder: Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", app));
        var output = finished.Out.Replace($":{new Uri(plane.Gateway).Port}", ":8080", StringComparison.Ordinal).TrimEnd('\n');
        var lines = output.Length == 0 ? [] : output.Split('\n').Select(line => ("    " + line).TrimEnd() + "\n");
        return $"    $ {command}\n{string.Concat(lines)}";
    }

    // Times, ages, durations and names made of digests differ from run to run; with them the widths of columns.
    private static string Timeless(string text) => Blanks().Replace(Ages().Replace(Times().Replace(text, "TIME"), "AGE"), " ");

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?|[0-9a-f]{12,64}|01[0-9a-z]{18}", RegexOptions.ExplicitCapture)]
    private static partial Regex Times();

    [GeneratedRegex(@"\b\d+(\.\d+)? ?(ms|s|min|m|h|d)\b( \d+ ?(s|min|m|h))?", RegexOptions.ExplicitCapture)]
    private static partial Regex Ages();

    [GeneratedRegex("[ ─-]{2,}")]
    private static partial Regex Blanks();
}
