using System.Text.RegularExpressions;
using Tenantry.Model.Instances;
using Tenantry.Model.Naming;
using Tenantry.Model.Tests.Manifests;

namespace Tenantry.Model.Tests.Naming;

public sealed partial class PlatformNameTests
{
    private static readonly string Page = Path.Combine(RepositoryFiles.Root, "docs", "naming.md");
    private static readonly InstanceRef Alice = new("01jdv0alice", "alice", "c0ffee");
    private static readonly InstanceRef Longest = new("01jdv0longest", new string('a', Slug.MaximumLength), "c0ffee");

    [Fact]
    public void EveryDerivedNameFitsAndIsOnesOwnWhateverTheSlugsAre()
    {
        var random = new Random(20261129);
        var slugs = new HashSet<string>(StringComparer.Ordinal) { "a", "a--b", "a-b", "alice", "alice-data", "alice-staging", new('a', 63), new string('a', 62) + "b", new string('a', 40) + "-x", "7" };
        while (slugs.Count < 500)
            slugs.Add(NamingRules.Suggest(NameKind.Tenant, string.Concat(Enumerable.Range(0, random.Next(1, 45)).Select(_ => "ab1-"[random.Next(4)]))));
        foreach (var name in PlatformName.All)
        {
            var names = slugs.Select((slug, i) => name.Of(new InstanceRef($"id{i}", slug, "c0ffee"))).ToList();
            names.ShouldBeUnique();
            names.ShouldAllBe(one => one.Length <= name.Limit && Regex.IsMatch(one, "^[a-z]([a-z0-9]|-(?!-))*[a-z0-9]$", RegexOptions.None, TimeSpan.FromSeconds(1)));
        }
    }

    [Fact]
    public void ANameIsAlwaysTheSameAndAnotherControlPlanesIsAnother()
    {
        foreach (var name in PlatformName.All)
        {
            name.Of(Alice).ShouldBe(name.Of(Alice with { }));
            name.Of(Alice).ShouldNotBe(name.Of(Alice with { Owner = "decade" }));
            name.Of(Alice).ShouldNotBe(name.Of(Alice with { Id = "01jdv0again" }), "a slug may be used again, what was left of the first is not taken for it");
        }
    }

    [Fact]
    public void TheGuideHasTheTableOfDerivedNames()
    {
        var guide = Guide();
        var table = string.Concat(PlatformName.All.Select(name => $"| {name.Target} | {name.Thing} | {name.Limit} ({name.Source}) | `{name.Of(Alice)}` | `{name.Of(Longest)}` |\n"));
        if (Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") == "1")
            File.WriteAllText(Page, guide = Table().Replace(guide, match => match.Groups["head"].Value + table));

        Table().Match(guide).Groups["rows"].Value.ShouldBe(table);
    }

    [Fact]
    public void TheGuideNamesTheReservedNamesAndTheRules()
    {
        var guide = Guide();
        guide.ShouldContain($"`{string.Join("` `", NamingRules.Reserved(NameKind.Tenant))}`");
        var mistakes = Regex.Matches(guide, @"^\| `(?<bad>[^`]+)` \| (?<message>[^|]+) \| `(?<near>[^`]+)` \|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        mistakes.Count.ShouldBeGreaterThan(5);
        foreach (Match match in mistakes)
        {
            var problem = NamingRules.Check(NameKind.Tenant, match.Groups["bad"].Value).ShouldNotBeNull(match.Value);
            (problem.Message, problem.Suggestion).ShouldBe((match.Groups["message"].Value, match.Groups["near"].Value));
        }
    }

    private static string Guide() => File.ReadAllText(Page);

    [GeneratedRegex(@"(?<head>\| target \| thing \| at most \| `alice` \| the longest slug \|\n\|[-|]+\|\n)(?<rows>(\|[^\n]*\n)*)", RegexOptions.ExplicitCapture)]
    private static partial Regex Table();
}
