using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class SecretTests
{
    private static readonly SecretResponse Token = new("token", true, true, false, 2, Samples.Then, null);

    [Theory]
    [InlineData("hush\n", "hush")]
    [InlineData("hush\r\n", "hush")]
    [InlineData("hush", "hush")]
    [InlineData(" two\nlines\n", " two\nlines")]
    public async Task AValueIsReadFromStandardInput(string input, string expected)
    {
        await using var api = await FakeApi.StartAsync();
        api.On("PUT /v1/instances/alice/secrets/token", Token);

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Input = input }, "secret", "set", "alice", "token");

        run.ExitCode.ShouldBe(0, run.Error);
        FakeApi.Read<PutSecretRequest>(api.Single("PUT /v1/instances/alice/secrets/token").Body).Value.ShouldBe(expected);
        (run.Out + run.Error).ShouldNotContain("hush");
    }

    [Fact]
    public async Task AValueIsReadFromAFileAsItIs()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("PUT /v1/instances/alice/secrets/token", Token);
        await File.WriteAllTextAsync(Path.Combine(api.Folder, "value"), "hush\n");

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, WorkingFolder = api.Folder }, "secret", "set", "alice", "token", "--from-file", "value");

        run.ExitCode.ShouldBe(0, run.Error);
        FakeApi.Read<PutSecretRequest>(api.Single("PUT /v1/instances/alice/secrets/token").Body).Value.ShouldBe("hush\n");
    }

    [Fact]
    public async Task AnEmptyValueIsRefused()
    {
        await using var api = await FakeApi.StartAsync();

        (await CliRun.Of(api, "secret", "set", "alice", "token")).ExitCode.ShouldBe(2);
        api.Requests.ShouldBeEmpty();
    }

    [Fact]
    public void NoCommandTakesAValueAsAnArgument()
    {
        var set = Program.Verbs.Single(v => v.Name == "secret").Create(CliHost.OfProcess()).Subcommands.Single(c => c.Name == "set");

        set.Arguments.Select(a => a.Name).ShouldBe(["SLUG", "NAME"]);
        set.Options.Select(o => o.Name).ShouldBe(["--from-file", "--dry-run"], ignoreOrder: true);
    }

    [Fact]
    public async Task TheListTellsWhatIsMissing()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances/alice/secrets", Token, new SecretResponse("llm-key", false, true, false, 0, null, "LLM key"));

        var run = await CliRun.Of(api, "secret", "list", "alice");

        run.Out.ShouldContain("missing");
        run.Out.ShouldContain("LLM key");
    }

    [Fact]
    public async Task ANewTokenIsTheOnlyLineOfStandardOutputThatAScriptMustRead()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/tokens", new CreateTokenResponse("ci", "ten_abc", Samples.Then, null), 201);

        var run = await CliRun.Of(api, "token", "create", "ci", "--expires", "90d", "-o", "json");

        run.Json.GetProperty("token").GetString().ShouldBe("ten_abc");
        FakeApi.Read<CreateTokenRequest>(api.Single("POST /v1/tokens").Body).ExpiresInSeconds.ShouldBe(90 * 86400);
    }
}
