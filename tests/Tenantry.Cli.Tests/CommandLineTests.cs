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
        string[] reading = ["list", "show", "status", "plan", "logs", "stats", "exec", "export", "operations", "events", "verify", "check", "doctor", "schema", "completion", "complete", "serve", "quickstart"];
        var without = Program.Verbs
            .SelectMany(v => All(v.Create(CliHost.OfProcess())))
            .Where(c => c.Action is not null && !reading.Contains(c.Name, StringComparer.Ordinal) && c.Options.All(o => o.Name != "--dry-run"))
            .Select(c => c.Name);

        without.ShouldBeEmpty();
    }

    private static IEnumerable<Command> All(Command command) => [command, .. command.Subcommands.SelectMany(All)];
}
