using System.Text.RegularExpressions;
using Tenantry.Model.Manifests;
using YamlDotNet.RepresentationModel;

namespace Tenantry.Model.Tests.Manifests;

/// <summary>docs/tenantry.sample.yaml and docs/manifest.md against what the reader knows.</summary>
public sealed class SampleTests
{
    private static readonly string Sample = RepositoryFiles.ReadText("docs", "tenantry.sample.yaml");
    private static readonly string Guide = RepositoryFiles.ReadText("docs", "manifest.md");

    // Forms of a value that cannot stand beside the ones in the sample.
    private static readonly string[] NotInSample = ["busy.command", "busy.http.path", "busy.http.port"];

    [Fact]
    public void TheSampleIsReadWithoutAProblem() => ManifestReader.Read(Sample, "tenantry.sample.yaml").Problems.ShouldBeEmpty();

    [Fact]
    public void TheSampleShowsEveryKey()
    {
        var shown = Paths(Root(Sample), "").ToHashSet(StringComparer.Ordinal);
        ManifestSchema.Keys.Select(k => k.Path).Except(NotInSample, StringComparer.Ordinal)
            .Select(path => path.Replace("tiers.NAME.sleep.", "sleep.", StringComparison.Ordinal))
            .Where(path => !shown.Contains(path)).ShouldBeEmpty();
    }

    [Fact]
    public void TheSampleSetsEveryKeyThatNothingActsOnYet()
    {
        var paths = ManifestUse.NotActedOn(ManifestReader.Read(Sample, "tenantry.sample.yaml").Manifest!).Select(u => u.Path).ToList();
        foreach (var key in ManifestUse.Keys)
            paths.ShouldContain(path => Regex.IsMatch(path, "^" + Regex.Escape(key).Replace("NAME", "[^.]+", StringComparison.Ordinal) + "$", RegexOptions.None, TimeSpan.FromSeconds(1)), key);
    }

    [Fact]
    public void TheGuideHasTheRowOfEveryKey()
    {
        if (Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") == "1")
            WriteRows();
        var lines = RepositoryFiles.ReadText("docs", "manifest.md").Split('\n');
        foreach (var key in ManifestSchema.Keys)
            lines.ShouldContain(Row(key), "docs/manifest.md lacks this row");
    }

    [Fact]
    public void TheGuideHasNoRowForAKeyThatDoesNotExist() =>
        Regex.Matches(Guide, @"^\| `(?<key>[A-Za-z]+[A-Za-z.\[\]]*)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5))
            .Select(m => m.Groups["key"].Value).Where(k => k.Contains('.', StringComparison.Ordinal))
            .Except(ManifestSchema.Keys.Select(k => k.Path), StringComparer.Ordinal)
            .Except(References.Fixed.Keys.Concat(References.Families.Keys), StringComparer.Ordinal)
            .ShouldBeEmpty();

    [Fact]
    public void TheGuideNamesEveryReference()
    {
        foreach (var name in References.Fixed.Keys.Concat(References.Families.Keys))
            Guide.ShouldContain($"`${{{name}}}`");
    }

    private static string Row(ManifestKey key) =>
        $"| `{key.Path}` | {key.Allowed} | {(key.IsRequired ? "required" : key.Default is null ? "" : $"`{key.Default}`")} | {key.Description}{(ManifestUse.Keys.Contains(key.Path) ? " **Not acted on yet.**" : "")} |";

    private static void WriteRows()
    {
        var rows = ManifestSchema.Keys.ToDictionary(k => $"| `{k.Path}` |", Row, StringComparer.Ordinal);
        var written = Guide.Split('\n').Select(line => rows.GetValueOrDefault(string.Join('|', line.Split('|').Take(2)) + "|", line));
        File.WriteAllText(Path.Combine(RepositoryFiles.Root, "docs", "manifest.md"), string.Join('\n', written));
    }

    private static YamlNode Root(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents[0].RootNode;
    }

    /// <summary>The paths of a file, names that people chose written as the description writes them.</summary>
    private static IEnumerable<string> Paths(YamlNode node, string path) => node switch
    {
        YamlSequenceNode list => list.Children.SelectMany(item => Paths(item, path + "[]")),
        YamlMappingNode mapping => mapping.Children.SelectMany(pair =>
        {
            var key = path switch
            {
                "services" or "tiers" or "secrets" or "features" or "services.NAME.volumes" or "services.NAME.env" or "build.env" => "NAME",
                "services.NAME.files" => "PATH",
                _ => ((YamlScalarNode)pair.Key).Value!,
            };
            var below = path.Length == 0 ? key : $"{path}.{key}";
            return Paths(pair.Value, below).Prepend(below);
        }),
        _ => [],
    };
}
