using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Tests;

public class ExamplesTests
{
    public static TheoryData<string> Examples => [.. Directory.GetDirectories(Path.Combine(Repository.Root, "examples")).Select(folder => Path.GetFileName(folder)!)];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task AnExampleIsReadWithoutAMistakeAndAsksForNothingThatIsNotActedOn(string example)
    {
        var host = CliHost.OfProcess() with { WorkingFolder = Path.Combine(Repository.Root, "examples", example) };

        var file = await ManifestFile.ReadAsync(host, ManifestFile.DefaultName, CancellationToken.None);

        var manifest = ManifestReader.Read(file.Request.Manifest, "tenantry.yaml").Manifest!;
        manifest.App.ShouldBe(example);
        ManifestUse.NotActedOn(manifest).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void AnExampleHasAReadme(string example) =>
        File.ReadAllText(Path.Combine(Repository.Root, "examples", example, "README.md")).ShouldContain($"tenantry app apply -f examples/{example}");
}
