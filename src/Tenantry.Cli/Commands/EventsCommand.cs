using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry events [--after N]</c></summary>
internal static class EventsCommand
{
    public static Command Create(CliHost host)
    {
        var after = CommandOptions.Number("--after", "Begin after this sequence; 0 for all that is kept. From now on when it is not said.");
        return new Command("events", "Show what changes, as it happens, until interrupted.") { after }.Does(host, async call =>
        {
            try
            {
                await foreach (var change in call.Client.WatchAsync(call.Value(after), call.CancellationToken))
                {
                    if (call.Output.Json)
                        call.Output.StreamValue(change);
                    else
                        call.Output.Line($"{change.At.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)}  {change.Sequence,6}  {change.Kind,-9}  {change.Slug ?? change.Key}  {change.Action}");
                }

                return (int)ExitCode.Done;
            }
            catch (OperationCanceledException) when (call.CancellationToken.IsCancellationRequested)
            {
                // Interrupting is how one stops watching: no word about it, and no document among the lines.
                return (int)ExitCode.Interrupted;
            }
        });
    }
}
