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
        set.Options.Select(o => o.Name).ShouldBe(["--from-file", "--version", "--dry-run", "--scope", "--app", "--tenant", "--organization", "--no-wait", "--timeout"], ignoreOrder: true);
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
    public async Task AFileThatIsNoTextIsRefusedInsteadOfChanged()
    {
        await using var api = await FakeApi.StartAsync();
        var file = Path.Combine(api.Folder, "value");
        await File.WriteAllBytesAsync(file, [0x68, 0xff, 0x68]);

        var run = await CliRun.Of(api, "secret", "set", "alice", "token", "--from-file", file);

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("base64");
        api.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task AValueOf64KiBWithEverythingInItArrivesAsItIs()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("PUT /v1/instances/alice/secrets/token", Token);
        var value = "\uFEFFa=b \"quoted\" 'and' $HOME \\n\r\n\tü" + new string('x', 65_000) + "\n\n";
        var file = Path.Combine(api.Folder, "value");
        await File.WriteAllTextAsync(file, value, new System.Text.UTF8Encoding(false));

        (await CliRun.Of(api, "secret", "set", "alice", "token", "--from-file", file)).ExitCode.ShouldBe(0);

        var body = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(api.Single("PUT /v1/instances/alice/secrets/token").Body));
        (FakeApi.Read<PutSecretRequest>(body).Value == value).ShouldBeTrue();
    }

    [Theory]
    [InlineData("/v1/instances/alice/secrets/token", "", "alice", "token")]
    [InlineData("/v1/instances/alice/secrets/token", "?scope=tenant", "alice", "token", "--scope", "tenant")]
    [InlineData("/v1/apps/notes/secrets/token", "", "token", "--app", "notes")]
    [InlineData("/v1/apps/notes/secrets/token", "?tenant=alice", "token", "--app", "notes", "--tenant", "alice")]
    [InlineData("/v1/apps/notes/secrets/token", "?organization=acme", "token", "--app", "notes", "--organization", "acme")]
    public async Task TheLevelIsSaidByTheInstanceOrTheApp(string path, string query, params string[] words)
    {
        await using var api = await FakeApi.StartAsync();
        api.On("PUT " + path, Token);
        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "hush" }, ["secret", "set", .. words]);
        run.ExitCode.ShouldBe(0, run.Error);
        api.Single("PUT " + path).Query.ShouldBe(query);
    }

    [Theory]
    [InlineData("--app APP", "alice")]
    [InlineData("the secret alone", "alice", "token", "--app", "notes")]
    [InlineData("--scope is for an instance", "token", "--app", "notes", "--scope", "app")]
    [InlineData("name it with --app", "alice", "token", "--tenant", "alice")]
    [InlineData("everyone", "alice", "token", "--scope", "everyone")]
    public async Task WhatDoesNotFitTogetherIsTold(string message, params string[] words)
    {
        await using var api = await FakeApi.StartAsync();
        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "hush" }, ["secret", "set", .. words]);
        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain(message);
        api.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task AnEnvFileSetsSeveralAtOnceAndADollarSignIsOne()
    {
        await using var api = await FakeApi.StartAsync();
        Declare(api);
        api.On("PATCH /v1/instances/alice/secrets", new PageResponse<SecretResponse>([Token], null));
        var input = "# from the old server\nexport token='a=b \"$HOME\"'\nLLM_KEY=pa$$word$x\nCERT=\"line 1\nline 2\"\n";

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Input = input }, "secret", "import", "alice", "-f", "-");

        run.ExitCode.ShouldBe(0, run.Error);
        FakeApi.Read<PutSecretsRequest>(api.Single("PATCH /v1/instances/alice/secrets").Body).Values.OrderBy(pair => pair.Key).ShouldBe(
            [KeyValuePair.Create("cert", "line 1\nline 2"), KeyValuePair.Create("llm-key", "pa$$word$x"), KeyValuePair.Create("token", "a=b \"$HOME\"")]);
        (run.Out + run.Error).ShouldNotContain("pa$$");
    }

    [Theory]
    [InlineData("tokn=x\n", "declares no secret for tokn. Nothing was changed. Did you mean 'token'?")]
    [InlineData("token=x\nTOKEN=y\n", "two values for the secret token")]
    [InlineData("token='x\n", "-:1: The quote of token is never closed.")]
    [InlineData("# nothing\n", "no value")]
    [InlineData("{\"format\":1}", "--key FILE")]
    public async Task AnEnvFileWithAMistakeChangesNothing(string input, string message)
    {
        await using var api = await FakeApi.StartAsync();
        Declare(api);
        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Input = input }, "secret", "import", "alice", "-f", "-");
        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain(message);
        api.Requests.ShouldAllBe(request => request.Method == "GET");
    }

    [Fact]
    public async Task WhatIsGeneratedIsRotatedByTheServerAndWhatAPersonGaveIsAskedFor()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice/secrets/token", new SecretDetailResponse(Token with { Generated = true }));
        api.On("POST /v1/instances/alice/secrets/token/rotate", Token);
        api.On("GET /v1/instances/alice/secrets/llm-key", new SecretDetailResponse(Token with { Name = "llm-key" }));
        api.On("PUT /v1/instances/alice/secrets/llm-key", Token with { Name = "llm-key" });

        (await CliRun.Of(api, "secret", "rotate", "alice", "token")).ExitCode.ShouldBe(0);
        (await CliRun.Of(new CliSetting { Data = api.Folder, Input = "new" }, "secret", "rotate", "alice", "llm-key")).ExitCode.ShouldBe(0);

        api.Single("POST /v1/instances/alice/secrets/token/rotate").Headers.ContainsKey("Idempotency-Key").ShouldBeTrue();
        FakeApi.Read<PutSecretRequest>(api.Single("PUT /v1/instances/alice/secrets/llm-key").Body).Value.ShouldBe("new");
    }

    [Fact]
    public async Task RollingBackTakesTheVersionBeforeUnlessOneIsSaid()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice/secrets/token", new SecretDetailResponse(Token)
        {
            Versions = [new(4, Samples.Then, false, 2), new(3, Samples.Then, false, null), new(2, Samples.Then, false, null)],
        });
        api.On("POST /v1/instances/alice/secrets/token/rollback", Token);

        (await CliRun.Of(api, "secret", "rollback", "alice", "token")).ExitCode.ShouldBe(0);
        (await CliRun.Of(api, "secret", "set", "alice", "token", "--version", "2")).ExitCode.ShouldBe(0);

        api.Requests.Where(request => request.Method == "POST").Select(request => FakeApi.Read<RollBackSecretRequest>(request.Body).Version).ShouldBe([3, 2]);
    }

    [Fact]
    public async Task AChangeIsWaitedForUntilTheInstancesThatUseItRunWithIt()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("PUT /v1/instances/alice/secrets/token", Token with { UsedBy = ["alice", "bob"] });
        api.On("GET /v1/instances/alice/secrets/token", new SecretDetailResponse(Token));
        var looks = 0;
        api.On("GET /v1/instances/alice", context => FakeApi.WriteAsync(context, ++looks < 3
            ? Samples.Alice with { Generation = 4, ObservedGeneration = 3 }
            : Samples.Alice with { Generation = 4, ObservedGeneration = 4 }, 200));
        api.On("GET /v1/instances/bob", Samples.Alice with { Slug = "bob", Generation = 2, ObservedGeneration = 2, Phase = Tenantry.Model.Instances.InstancePhase.Failed, Reason = "It ends with 1." });

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "hush" }, "secret", "set", "alice", "token");

        run.ExitCode.ShouldBe(1);
        run.Out.ShouldContain("alice runs with it.");
        run.Error.ShouldContain("bob is Failed: It ends with 1.");
        run.Error.ShouldContain("secret rollback");
        looks.ShouldBe(3);
    }

    [Fact]
    public async Task AValueThatSeveralShareIsTakenInTurnsAndWhoHasNotHadItYetKeepsTheOneBefore()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("PUT /v1/apps/notes/secrets/token", Token with { UsedBy = ["alice", "bob", "carol"] });
        var looks = 0;
        api.On("GET /v1/apps/notes/secrets/token", context => FakeApi.WriteAsync(context, new SecretDetailResponse(Token with { Waiting = ++looks < 3 ? ["bob", "carol"] : ["carol"] }), 200));
        api.On("GET /v1/instances/alice", Samples.Alice);
        api.On("GET /v1/instances/bob", Samples.Alice with { Slug = "bob", Phase = Tenantry.Model.Instances.InstancePhase.Failed, Reason = "It ends with 1." });

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Input = "hush" }, "secret", "set", "token", "--app", "notes");

        run.ExitCode.ShouldBe(1);
        run.Out.ShouldContain("[1/3] alice runs with it.");
        run.Error.ShouldContain("bob is Failed: It ends with 1.");
        run.Error.ShouldContain("carol keeps the value before until that is mended.");
    }

    // It said "Removed", and the instance ran on.
    [Fact]
    public async Task WhoIsStoppedByATakingAwayIsToldBeforeAndWaitedFor()
    {
        await using var api = await FakeApi.StartAsync();
        var order = new List<string>();
        api.On("DELETE /v1/instances/alice/secrets/token", context =>
        {
            var isDry = context.Request.QueryString.Value!.Contains("dryRun", StringComparison.Ordinal);
            order.Add(isDry ? "dry" : "deleted");
            return isDry ? FakeApi.WriteAsync(context, new PlanResponse([], [], null, ["'token' is required: alice is stopped."]), 200) : Task.FromResult(context.Response.StatusCode = 204);
        });
        api.On("GET /v1/instances/alice/secrets/token", new SecretDetailResponse(Token with { UsedBy = ["alice"] }));
        api.On("GET /v1/instances/alice", Samples.Alice with { Phase = Tenantry.Model.Instances.InstancePhase.Pending, Reason = "A required secret has no value: token." });

        var nobody = await CliRun.Of(api, "secret", "unset", "alice", "token");
        var run = await CliRun.Of(api, "secret", "unset", "alice", "token", "--yes");

        (nobody.ExitCode, run.ExitCode).ShouldBe((2, 0), run.Error);
        order.ShouldBe(["dry", "dry", "deleted"]);
        nobody.Error.ShouldContain("note: 'token' is required: alice is stopped.");
        run.Out.ShouldBe($"Removed secret token.{Environment.NewLine}alice is Pending: A required secret has no value: token.{Environment.NewLine}");
    }

    private static void Declare(FakeApi api)
    {
        var names = new[] { "token", "llm-key", "cert" };
        api.OnList("GET /v1/instances/alice/secrets", [.. names.Select(name => Token with { Name = name })]);
        foreach (var name in names)
            api.On($"GET /v1/instances/alice/secrets/{name}", new SecretDetailResponse(Token with { Name = name }) { Env = name == "cert" ? "CERT" : null });
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
