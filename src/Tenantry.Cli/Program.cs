using System.Runtime.InteropServices;
using Tenantry.Cli.Commands;
using Tenantry.Cli.Commands.Secrets;
using Tenantry.Cli.Running;

namespace Tenantry.Cli;

internal static class Program
{
    /// <summary>Every command, in the order in which help lists them.</summary>
    public static readonly IReadOnlyList<Verb> Verbs =
    [
        new("quickstart", QuickstartCommand.Create),
        new("serve", ServeCommand.Create),
        new("app", AppCommand.Create),
        new("onboard", OnboardCommand.Create),
        new("offboard", OffboardCommand.Create),
        new("tenant", TenantCommand.Create),
        new("checklist", ChecklistCommand.Create),
        new("status", StatusCommand.Create),
        new("plan", PlanCommand.Create),
        new("deploy", DeployCommand.Create),
        new("logs", LogsCommand.Create),
        new("stats", StatsCommand.Create),
        new("exec", ExecCommand.Create),
        new("restart", RestartCommand.Create),
        new("freeze", FreezeCommand.Create),
        new("sleep", SleepCommand.Create),
        new("wake", WakeCommand.Create),
        new("hold", HoldCommand.Create),
        new("release", ReleaseCommand.Create),
        new("webhooks", WebhooksCommand.Create),
        new("secret", SecretCommand.Create),
        new("llm", LlmCommand.Create),
        new("data", DataCommand.Create),
        new("operations", OperationsCommand.Create),
        new("events", EventsCommand.Create),
        new("audit", AuditCommand.Create),
        new("target", TargetCommand.Create),
        new("network", NetworkCommand.Create),
        new("orphans", OrphansCommand.Create),
        new("login", LoginCommand.Create),
        new("organization", OrganizationCommand.Create),
        new("quota", QuotaCommand.Create),
        new("person", PersonCommand.Create),
        new("member", MemberCommand.Create),
        new("token", TokenCommand.Create),
        new("doctor", DoctorCommand.Create),
        new("init", InitCommand.Create),
        new("schema", SchemaCommand.Create),
        new("render", RenderCommand.Create),
        new("cost", CostCommand.Create),
        new("import", ImportCommand.Create),
        new("completion", CompletionCommand.Create),
        new("complete", CompleteCommand.Create),
    ];

    private static async Task<int> Main(string[] arguments)
    {
        using var stop = new CancellationTokenSource();
        var asked = 0;
        void Stop(PosixSignalContext context)
        {
            // The second time nobody wants to wait for an orderly end.
            if (Interlocked.Increment(ref asked) > 1 && context.Signal == PosixSignal.SIGINT)
                Environment.Exit((int)ExitCode.Interrupted);
            context.Cancel = true;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await CommandLine.RunAsync(Verbs, arguments, CliHost.OfProcess(), stop.Token);
    }
}
