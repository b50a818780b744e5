using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Tests;

public class ExamplesTests
{
    public static TheoryData<string> Examples => [.. Directory.GetDirectories(Path.Combine(Repository.Root, "examples")).Select(folder => Path.GetFileName(folder)!)];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task AnExampleIsReadWithoutAMistakeAndAsksForNothingThatIsNotActedOn(string example)
    {
        var folder = Directory.CreateTempSubdirectory("tenantry-example-").FullName;
        try
        {
            foreach (var source in Directory.GetFiles(Path.Combine(Repository.Root, "examples", example)))
                File.Copy(source, Path.Combine(folder, Path.GetFileName(source)));
            await CollectAsync(folder);

            var file = await ManifestFile.ReadAsync(CliHost.OfProcess() with { WorkingFolder = folder }, ManifestFile.DefaultName, CancellationToken.None);

            var manifest = ManifestReader.Read(file.Request.Manifest, "tenantry.yaml").Manifest!;
            manifest.App.ShouldBe(example);
            ManifestUse.NotActedOn(manifest).ShouldBeEmpty();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // What an example's README tells to fetch first is no part of the repository.
    private static async Task CollectAsync(string folder)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(folder, ManifestFile.DefaultName));
        if (ManifestReader.Read(text, ManifestFile.DefaultName).Manifest!.Build is not { } build)
            return;
        foreach (var glob in BuildInputs.FindUnmatched(folder, build.Inputs).Select(i => build.Inputs[i]))
        {
            var fetched = Path.Combine(folder, glob.Replace("**", "fetched", StringComparison.Ordinal));
            Directory.CreateDirectory(Path.GetDirectoryName(fetched)!);
            await File.WriteAllTextAsync(fetched, "fetched");
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void AnExampleHasAReadme(string example) =>
        File.ReadAllText(Path.Combine(Repository.Root, "examples", example, "README.md")).ShouldContain($"tenantry app apply -f examples/{example}");
}
