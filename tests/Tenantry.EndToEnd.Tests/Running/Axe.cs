using System.Text.Json;
using Microsoft.Playwright;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>axe-core, which finds faults of accessibility in a page.</summary>
internal static class Axe
{
    private static readonly Lazy<Task<string>> Source = new(async () => await File.ReadAllTextAsync(Path.Combine(await NpmFolder.InstallAsync(), "node_modules", "axe-core", "axe.min.js")));

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
}
