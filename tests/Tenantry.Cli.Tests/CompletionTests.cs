namespace Tenantry.Cli.Tests;

public class CompletionTests
{
    [Fact]
    public async Task VerbsAndOptionsAreCompleted()
    {
        (await Complete(new CliSetting(), "tenantry sta")).ShouldBe(["stats", "status"]);
        (await Complete(new CliSetting(), "./tenantry tenant r")).ShouldBe(["remove"]);
        (await Complete(new CliSetting(), "tenantry logs alice --ti")).ShouldBe(["--times"]);
    }

    [Fact]
    public async Task NamesComeFromTheControlPlane()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice), Samples.Listed(Samples.Alice) with { Slug = "bob" });

        (await Complete(new CliSetting { Data = api.Folder }, "tenantry freeze a")).ShouldBe(["alice"]);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task EachShellHasAScript(string shell)
    {
        var run = await CliRun.Of(new CliSetting(), "completion", shell);

        run.ExitCode.ShouldBe(0);
        run.Out.ShouldContain("tenantry complete");
    }

    private static async Task<string[]> Complete(CliSetting setting, string line)
    {
        var run = await CliRun.Of(setting, "complete", "--position", $"{line.Length}", "--", line);
        run.ExitCode.ShouldBe(0, run.Error);
        return run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
