using System.CommandLine;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("frobnicate")]
    [InlineData("status", "--frobnicate")]
    [InlineData("tenant")]
    [InlineData("tenant", "add")]
    [InlineData("exec", "alice")]
    [InlineData("status", "-o", "yaml")]
    [InlineData("freeze", "alice", "--timeout", "soon")]
    [InlineData("target", "add", "local", "--option", "novalue")]
    [InlineData("operations", "--limit", "0")]
    [InlineData("operations", "--limit=-3")]
    [InlineData("operations", "--limit", "x")]
    public async Task WrongUsageIsExitCodeTwoAndTouchesNothing(params string[] arguments)
    {
        await using var api = await FakeApi.StartAsync();

        var run = await CliRun.Of(api, arguments);

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldStartWith("tenantry: ");
        run.Error.ShouldContain("--help");
        run.Out.ShouldBeEmpty();
        api.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("0")]
    [InlineData("x")]
    public async Task AWrongLimitIsRefusedInWordsOfPeople(string limit)
    {
        var run = await CliRun.Of(new CliSetting(), "operations", "--limit", limit);
        run.Error.ShouldContain($"--limit: '{limit}' is not a whole number from 1.");
        run.Error.ShouldNotContain("System.");
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("..bad")]
    [InlineData("-a.example")]
    public async Task ServingBelowWhatIsNoDomainIsWrongUsage(string domain)
    {
        var run = await CliRun.Of(new CliSetting { Data = "/nonexistent/tenantry" }, "serve", $"--base-domain={domain}");
        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("--base-domain");
    }

    [Fact]
    public async Task HelpShowsTheTimeoutInAFormThatItTakes() =>
        (await CliRun.Of(new CliSetting(), "restart", "--help")).Out.ShouldContain("[default: 10m]");

    [Fact]
    public async Task UsageAndArgumentsOfHelpNameTheSlugAlike() =>
        (await CliRun.Of(new CliSetting(), "restart", "--help")).Out.ShouldNotContain("<slug>", Case.Sensitive);

    [Theory]
    [InlineData(0, 1, "Target local (local) is added.")]
    [InlineData(1, 1, "Target local (local) was so already: nothing changed.")]
    [InlineData(1, 2, "Target local (local) is changed.")]
    public async Task AddingATargetTellsWhetherItIsNewUnchangedOrChanged(long before, long after, string expected)
    {
        await using var api = await FakeApi.StartAsync();
        Tenantry.Model.Wire.TargetResponse Local(long version) => new("local", "local", new Dictionary<string, string>(StringComparer.Ordinal), true, 8, version, Samples.Then);
        if (before > 0)
            api.On("GET /v1/targets/local", Local(before));
        api.On("PUT /v1/targets/local", Local(after));

        var run = await CliRun.Of(api, "target", "add", "local");

        run.Out.ShouldStartWith(expected, customMessage: run.Error);
    }

    [Fact]
    public async Task WithoutAWordThereIsHelp()
    {
        var run = await CliRun.Of(new CliSetting(), []);
        (run.ExitCode, run.Error).ShouldBe((0, ""));
        run.Out.ShouldContain("Commands:");
        run.Out.ShouldContain("quickstart");
    }

    [Theory]
    [InlineData("There is no command 'tenantry statu'. Did you mean 'status'?", "statu")]
    [InlineData("There is no command 'tenantry tenant ad'. Did you mean 'add'?", "tenant", "ad", "alice")]
    [InlineData("There is no command 'tenantry frobnicate'.", "frobnicate")]
    public async Task AMistypedVerbIsNamedWithTheNearest(string expected, params string[] arguments)
    {
        var run = await CliRun.Of(new CliSetting(), arguments);
        run.ExitCode.ShouldBe(2);
        run.Error.Split(Environment.NewLine)[0].ShouldBe("tenantry: " + expected);
    }

    [Fact]
    public async Task OneMistakeIsSaidOnce()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnProblem("GET /v1/instances/alice", 404, "not-found", "There is no app 'statc'.", new Tenantry.Model.Wire.ProblemError("app", "There is no app 'statc'."));
        var run = await CliRun.Of(api, "status", "alice");
        run.Error.ShouldBe("tenantry: There is no app 'statc'." + Environment.NewLine);
    }

    [Fact]
    public async Task ATargetThatIsThereAlreadyIsAConflictInTheWordsOfTheCommandLine()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnProblem("PUT /v1/targets/local", 428, "precondition-required", "Say which version of target local is meant: If-Match: \"1\" is the present one.");
        var run = await CliRun.Of(api, "target", "add", "local", "--option", "cgroup=x");
        run.ExitCode.ShouldBe(4);
        run.Error.ShouldContain("There is a target 'local' already");
        run.Error.ShouldContain("--replace");
        run.Error.ShouldNotContain("If-Match");
    }

    [Fact]
    public async Task ATokenIsAskedForWithoutAnIdempotencyKeySinceItIsShownOnce()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/tokens", new Tenantry.Model.Wire.CreateTokenResponse("ci", "tnt_secret", DateTimeOffset.UnixEpoch, null), 201);
        (await CliRun.Of(api, "token", "create", "ci")).ExitCode.ShouldBe(0);
        api.Single("POST /v1/tokens").Headers.Keys.ShouldNotContain("Idempotency-Key", StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task WrongUsageIsAJsonObjectForPrograms()
    {
        var run = await CliRun.Of(new CliSetting(), "tenant", "add", "-o", "json");

        run.ExitCode.ShouldBe(2);
        var error = run.Json.GetProperty("error");
        error.GetProperty("exitCode").GetInt32().ShouldBe(2);
        error.GetProperty("code").GetString().ShouldBe("usage");
        error.GetProperty("message").GetString()!.ShouldContain("NAME");
    }

    [Fact]
    public async Task HelpOfEveryCommandCanBeAskedFor()
    {
        foreach (var verb in Program.Verbs.Where(v => !v.Create(CliHost.OfProcess()).Hidden))
        {
            var run = await CliRun.Of(new CliSetting(), verb.Name, "--help");
            run.ExitCode.ShouldBe(0, verb.Name);
            run.Out.ShouldContain("Usage:", customMessage: verb.Name);
        }
    }

    [Fact]
    public void EveryCommandHasADescriptionAndItsVerbsName()
    {
        foreach (var verb in Program.Verbs)
        {
            var command = verb.Create(CliHost.OfProcess());
            command.Name.ShouldBe(verb.Name);
            foreach (var each in All(command))
                each.Description.ShouldNotBeNullOrWhiteSpace(each.Name);
        }
    }

    [Fact]
    public void EveryCommandThatChangesSomethingCanBeTriedWithoutChangingIt()
    {
        string[] reading = ["list", "show", "status", "plan", "logs", "stats", "exec", "export", "operations", "events", "verify", "check", "report", "doctor", "schema", "completion", "complete", "serve", "quickstart", "estimate", "actual", "checklist"];
        var without = Program.Verbs
            .SelectMany(v => All(v.Create(CliHost.OfProcess())))
            .Where(c => c.Action is not null && !reading.Contains(c.Name, StringComparer.Ordinal) && c.Options.All(o => o.Name != "--dry-run"))
            .Select(c => c.Name);

        without.ShouldBeEmpty();
    }

    private static IEnumerable<Command> All(Command command) => [command, .. command.Subcommands.SelectMany(All)];

    [Theory]
    [InlineData("--after: 'x' is not a whole number from 0.", "events", "--after", "x")]
    [InlineData("--tail: 'x' is not a whole number from 0.", "logs", "alice", "--tail", "x")]
    public async Task AWordWhereANumberBelongsIsToldWithoutTheNameOfAType(string message, params string[] arguments)
    {
        var run = await CliRun.Of(new CliSetting(), arguments);

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain(message);
        run.Error.ShouldNotContain("System.");
    }
}
