namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>What the tests of the dashboard have from npm; installed once, and again when the list of it changes.</summary>
internal static class NpmFolder
{
    private static readonly Lazy<Task<string>> Installed = new(InstallOnceAsync);

    /// <summary>The folder, with its <c>node_modules</c>.</summary>
    public static Task<string> InstallAsync() => Installed.Value;

    private static async Task<string> InstallOnceAsync()
    {
        var folder = Path.Combine(Repository.Root, "artifacts", "npm", "Tenantry.EndToEnd.Tests");
        var scripts = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Scripts");
        var wanted = await File.ReadAllTextAsync(Path.Combine(scripts, "package-lock.json"));
        var done = Path.Combine(folder, "installed");
        if (File.Exists(done) && await File.ReadAllTextAsync(done) == wanted)
            return folder;
        Directory.CreateDirectory(folder);
        foreach (var name in (string[])["package.json", "package-lock.json"])
            File.Copy(Path.Combine(scripts, name), Path.Combine(folder, name), overwrite: true);
        (await Finished.RunAsync("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])).ShouldEndWith(0);
        await File.WriteAllTextAsync(done, wanted);
        return folder;
    }
}
