using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry wake SLUG</c> and <c>tenantry wake report</c></summary>
internal static class WakeCommand
{
    public static Command Create(CliHost host)
    {
        var wake = InstanceVerb.Create(host, "wake", "Bring a frozen or sleeping instance back.", "is awake already", (instances, slug) => instances.Wake(slug));
        wake.Add(Report(host));
        return wake;
    }

    private static Command Report(CliHost host)
    {
        var instance = new Option<string?>("--instance") { Description = "Of this instance only.", HelpName = "SLUG" };
        return new Command("report", "Show how long wakes took: the platform's part and the app's.") { instance }.Does(host, async call =>
        {
            var rows = await call.Client.Instances.GetWakeReportAsync(call.Value(instance), call.CancellationToken);
            if (call.Output.Json)
                call.Output.Array(rows);
            else
                WakeText.Write(call.Output, rows, "No wake yet.");
        });
    }
}
