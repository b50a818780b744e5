using System.Runtime.InteropServices;
using Tenantry.Cli.Commands;
using Tenantry.Cli.Running;

namespace Tenantry.Cli;

internal static class Program
{
    /// <summary>Every command, in the order in which help lists them.</summary>
    public static readonly IReadOnlyList<Verb> Verbs =
    [
        new("status", StatusCommand.Create),
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
