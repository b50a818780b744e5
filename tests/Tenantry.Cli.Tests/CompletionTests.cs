using Tenantry.Model.Wire;

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
    [InlineData("tenantry tenant add carol --app ", "site")]
    [InlineData("tenantry status --app ", "site")]
    [InlineData("tenantry tenant add carol --app site --tier ", "free pro")]
    [InlineData("tenantry tenant set alice --tier p", "pro")]
    [InlineData("tenantry tenant add carol --target ", "local")]
    [InlineData("tenantry logs alice --service ", "web")]
    [InlineData("tenantry deploy alice --release ", "latest site-1")]
    [InlineData("tenantry operations --instance ", "alice")]
    [InlineData("tenantry status --tenant ", "alice")]
    [InlineData("tenantry tenant add carol --slug ", "")]
    [InlineData("tenantry tenant add carol --owner ", "")]
    [InlineData("tenantry data export alice --file ", "")]
    [InlineData("tenantry status -o ", "json table")]
    [InlineData("tenantry secret set alice ", "llm-key token")]
    [InlineData("tenantry exec alice ", "")]
    public async Task AnOptionsValueIsOfferedWhatTheOptionMeansAndNotTheCommandsFirstArgument(string line, string offered)
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.On("GET /v1/instances/alice", Samples.Alice);
        api.OnList("GET /v1/tenants", Samples.Tenant);
        api.OnList("GET /v1/apps", new AppResponse("site", "site-1", 1, Samples.Then, Samples.Then));
        api.OnList("GET /v1/targets", Samples.Target);
        api.OnList("GET /v1/apps/site/releases", Samples.Release);
        api.On("GET /v1/apps/site/releases/latest", Samples.Release);
        api.On("GET /v1/apps/site/releases/site-1", Samples.Release);
        api.OnList("GET /v1/instances/alice/secrets", new SecretResponse("token", true, true, false, 1, Samples.Then, null), new SecretResponse("llm-key", false, true, false, 0, null, null));

        (await Complete(new CliSetting { Data = api.Folder }, line)).Where(word => !word.StartsWith('-')).Order(StringComparer.Ordinal)
            .ShouldBe(offered.Split(' ', StringSplitOptions.RemoveEmptyEntries));
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
