using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>What the README promises to somebody who just cloned it.</summary>
public sealed class QuickstartTests : IDisposable
{
    private readonly string _clone = Directory.CreateTempSubdirectory("tenantry-clone-").FullName;

    public void Dispose() => Directory.Delete(_clone, recursive: true);

    [MachineFact("npm", "nft", "mkfs.ext4")]
    public async Task ACleanCopyWithAnEmptyHomeRunsTheQuickstartAndLeavesNothing()
    {
        var home = Path.Combine(_clone, "home");
        var sources = Path.Combine(_clone, "tenantry");
        Directory.CreateDirectory(home);
        Copy(Repository.Root, sources);
        var variables = new Dictionary<string, string?>(StringComparer.Ordinal) { ["HOME"] = home, ["TENANTRY_DATA"] = null, ["TENANTRY_SERVER"] = null };
        var before = Directory.GetDirectories("/var/lib", "tenantry-quickstart*");

        var run = await Finished.RunAsync(Path.Combine(sources, "tenantry"), ["quickstart", "--check", "-o", "json"], variables, folder: home);

        run.ShouldEndWith(0).Json.GetProperty("passed").GetBoolean().ShouldBeTrue();
        run.Error.ShouldContain("alice's token is refused by bob");
        Directory.GetDirectories("/var/lib", "tenantry-quickstart*").ShouldBe(before);
    }

    // The sources as a clone has them: not what was built from them.
    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(from).Where(folder => Path.GetFileName(folder) is not ("artifacts" or ".git" or "node_modules")))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
