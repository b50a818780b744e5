namespace Tenantry.Cli.Tests;

/// <summary>Taking over a Compose file, as far as it needs no engine.</summary>
public class ImportTests
{
    // The app was made, and then no tenant.
    [Fact]
    public async Task AnEngineThatIsAwayIsToldBeforeAnythingIsMade()
    {
        await using var api = await FakeApi.StartAsync();
        var file = Path.Combine(api.Folder, "compose.yaml");
        await File.WriteAllTextAsync(file, "services:\n  tenant-ann: { image: \"x:1\" }\n");

        var run = await CliRun.Of(api, "import", "compose", file, "--apply", "--engine", $"unix://{api.Folder}/none.sock");

        run.ExitCode.ShouldBe(7);
        run.Error.ShouldContain($"Looking for the container of tenant-ann: the engine cannot be reached: there is no socket {api.Folder}/none.sock. Nothing was changed.");
        run.Error.ShouldContain("--engine");
        api.Requests.ShouldBeEmpty();
    }
}
