using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

/// <summary>
/// Each NAME.yaml of the folder golden is read; NAME.expected holds the manifest as canonical JSON, or the problems. With TENANTRY_WRITE_GOLDEN=1
/// the expected files are written instead: look at what changed before it is committed.
/// </summary>
public sealed class GoldenTests
{
    private static readonly JsonSerializerOptions Indented = new(ManifestJson.Options) { WriteIndented = true };

    public static TheoryData<string> Names => [.. NamesOf("*.yaml")];

    public static IEnumerable<string> Inputs() => NamesOf("*.yaml").Select(name => File.ReadAllText(Path.Combine(RepositoryFiles.Golden, name + ".yaml")));

    [Theory]
    [MemberData(nameof(Names))]
    public void ReadsAsExpected(string name)
    {
        var result = ManifestReader.Read(File.ReadAllText(Path.Combine(RepositoryFiles.Golden, name + ".yaml")), name + ".yaml");
        var actual = Describe(result);
        var expectedFile = Path.Combine(RepositoryFiles.Golden, name + ".expected");
        if (Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") == "1")
            File.WriteAllText(expectedFile, actual);
        File.Exists(expectedFile).ShouldBeTrue($"{expectedFile} is missing; run once with TENANTRY_WRITE_GOLDEN=1.");
        actual.ShouldBe(File.ReadAllText(expectedFile));
    }

    [Fact]
    public void EveryExpectedFileHasItsInput() =>
        NamesOf("*.expected").ShouldBe(NamesOf("*.yaml"));

    private static IEnumerable<string> NamesOf(string pattern) =>
        Directory.GetFiles(RepositoryFiles.Golden, pattern).Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal);

    private static string Describe(ManifestResult result) => result.Manifest is null
        ? string.Concat(result.Problems.Select(p => p + "\n"))
        : JsonNode.Parse(ManifestDigest.CanonicalJson(result.Manifest))!.ToJsonString(Indented) + "\n";
}
