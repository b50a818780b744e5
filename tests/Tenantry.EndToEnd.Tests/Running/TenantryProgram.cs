namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>The program that people run: what the script <c>./tenantry</c> builds and becomes.</summary>
internal static class TenantryProgram
{
    /// <summary>Builds it when sources changed, and says where it is.</summary>
    public static async Task<string> BuildAsync()
    {
        (await Finished.RunAsync(Path.Combine(Repository.Root, "tenantry"), ["--version"])).ShouldEndWith(0);
        return Path.Combine(Repository.Root, "artifacts", "cli", "current", "tenantry");
    }
}
