using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry target unlock SLUG</c></summary>
internal static class TargetUnlock
{
    public static Command Create(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("unlock", "Show who holds an instance's state on its target, and break a hold whose holder died.") { slug, yes, dryRun }.Does(host, async call =>
        {
            await call.Client.Instances.GetAsync(call.Required(slug), call.CancellationToken);
            if (await call.Client.Instances.FindHolderAsync(call.Required(slug), call.CancellationToken) is not { } held)
            {
                call.Output.Nothing($"Nobody holds the state of {call.Required(slug)}.");
                return;
            }

            var who = $"The state of {held.Slug} is held by {held.Who} since {held.Since:yyyy-MM-dd HH:mm:ss} UTC ({held.What}, {held.Id}).";
            if (held.IsAtWork)
                throw new CliException(ExitCode.Conflict, $"{who} The engine sees it at work.", "Wait for it: 'tenantry operations'.");
            if (!call.Output.Json)
                call.Output.Line(who);
            var change = call.Client.Instances.BreakHold(held);
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), "Break it? What its holder does at this moment, if it lives, is lost, and the state may be, too.");
            await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(held);
            else
                call.Output.Line("It is free now; the next pass goes on.");
        });
    }
}
