using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry hold SLUG [--down]</c></summary>
internal static class HoldCommand
{
    public static Command Create(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var down = new Option<bool>("--down") { Description = "Keep it asleep instead: no request wakes it." };
        var dryRun = CommandOptions.DryRun();
        var noWait = CommandOptions.NoWait();
        var timeout = CommandOptions.Timeout();
        return new Command("hold", "Keep an instance awake, whatever its sleep policy says.") { slug, down, dryRun, noWait, timeout }.Does(host, async call =>
        {
            var wanted = call.Client.Instances.Hold(call.Required(slug), call.Value(down));
            if (!await call.PreviewAsync(call.Value(dryRun), wanted))
                await call.CarryOutAsync(wanted, !call.Value(noWait), call.Value(timeout), call.Value(down) ? "is held down already" : "is held awake already");
        });
    }
}
