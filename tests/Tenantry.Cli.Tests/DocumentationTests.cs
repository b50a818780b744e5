using System.Text.RegularExpressions;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Tests;

public partial class DocumentationTests
{
    [Fact]
    public void ThePageOfTheCommandLineNamesEveryVerbAndNoOther()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "cli.md"));
        var rows = page.Split('\n').SkipWhile(l => l != "## Verbs").TakeWhile(l => !l.StartsWith("## Which", StringComparison.Ordinal)).Where(l => l.StartsWith("| `", StringComparison.Ordinal));

        // The first code of a row has the verb, later ones its further names or its subverbs.
        var named = rows.SelectMany(row => Code().Matches(row.Split('|')[1]).Select(m => m.Groups[1].Value)).ToHashSet(StringComparer.Ordinal);

        foreach (var verb in Program.Verbs.Where(v => !v.Create(CliHost.OfProcess()).Hidden))
        {
            named.ShouldContain(verb.Name);
            foreach (var sub in verb.Create(CliHost.OfProcess()).Subcommands)
                rows.ShouldContain(row => row.StartsWith($"| `{verb.Name}", StringComparison.Ordinal) && row.Contains(sub.Name), $"{verb.Name} {sub.Name}");
        }

        rows.Select(row => Code().Match(row).Groups[1].Value).ShouldBeSubsetOf(Program.Verbs.Select(v => v.Name));
    }

    [Fact]
    public void EveryLinkInTheDocumentsLeadsSomewhere()
    {
        string[] pages = [.. Directory.GetFiles(Repository.Root, "*.md"), .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories), .. Directory.GetFiles(Path.Combine(Repository.Root, "examples"), "*.md", SearchOption.AllDirectories)];
        var broken = pages.SelectMany(page => Link().Matches(File.ReadAllText(page))
            .Select(m => m.Groups[1].Value.Split('#')[0])
            .Where(link => link.Length > 0 && !link.Contains("://", StringComparison.Ordinal))
            .Where(link => !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, link)))
            .Select(link => $"{Path.GetRelativePath(Repository.Root, page)}: {link}"));

        broken.ShouldBeEmpty();
    }

    [Fact]
    public void TheTableOfTargetsInTheReadmeIsThatOfTheCatalogue()
    {
        var rows = File.ReadLines(Path.Combine(Repository.Root, "README.md")).SkipWhile(line => line != "## Targets").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(line => line.Split('|')).Where(cells => cells[1].Contains('`', StringComparison.Ordinal)).ToList();
        var kinds = rows.SelectMany(cells => Kind().Matches(cells[1]).Select(kind => (Name: kind.Groups[1].Value, Works: cells[3].Trim() != "not yet"))).ToList();

        kinds.Select(kind => kind.Name).ShouldBeUnique();
        kinds.Where(kind => kind.Works).Select(kind => kind.Name).ShouldBe(Targets.TargetCatalog.All.Select(kind => kind.Kind).Where(kind => kind != "fake"), ignoreOrder: true);
    }

    [GeneratedRegex("`([a-z]+)`")]
    private static partial Regex Kind();

    [GeneratedRegex("`([a-z]+)")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
