using System.Text.Json;
using Microsoft.Playwright;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>axe-core, which finds faults of accessibility in a page.</summary>
internal static class Axe
{
    private static readonly Lazy<Task<string>> Source = new(InstallAsync);

    /// <summary>Faults that are serious or worse, with where they are.</summary>
    public static async Task<IReadOnlyList<string>> FaultsAsync(IPage page)
    {
        // Through the debugger: the page's own policy admits no script of a test.
        await page.EvaluateAsync(await Source.Value);
        var answer = await page.EvaluateAsync<JsonElement>("() => axe.run(document, { resultTypes: ['violations'] })");
        return
        [
            .. answer.GetProperty("violations").EnumerateArray()
                .Where(fault => fault.GetProperty("impact").GetString() is "serious" or "critical")
                .Select(fault => $"{fault.GetProperty("id").GetString()}: {string.Join("; ", fault.GetProperty("nodes").EnumerateArray().Take(3).Select(node => $"{node.GetProperty("html").GetString()} {node.GetProperty("failureSummary").GetString()}"))}"),
        ];
    }

    private static async Task<string> InstallAsync()
    {
        var folder = Path.Combine(Repository.Root, "artifacts", "npm", "Tenantry.EndToEnd.Tests");
        var file = Path.Combine(folder, "node_modules", "axe-core", "axe.min.js");
        var scripts = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Scripts");
        var wanted = await File.ReadAllTextAsync(Path.Combine(scripts, "package-lock.json"));
        var installed = Path.Combine(folder, "package-lock.json");
        if (!File.Exists(file) || await File.ReadAllTextAsync(installed) != wanted)
        {
            Directory.CreateDirectory(folder);
            foreach (var name in (string[])["package.json", "package-lock.json"])
                File.Copy(Path.Combine(scripts, name), Path.Combine(folder, name), overwrite: true);
            (await Finished.RunAsync("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])).ShouldEndWith(0);
        }

        return await File.ReadAllTextAsync(file);
    }
}
