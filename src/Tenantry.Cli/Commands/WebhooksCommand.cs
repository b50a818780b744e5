using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry webhooks list|replay|drop</c></summary>
internal static class WebhooksCommand
{
    public static Command Create(CliHost host) => new("webhooks", "Webhooks that wait for an instance, and those that were given up.")
    {
        List(host),
        One(host, "replay", "Deliver a dead webhook after all; try at once what waits.", "is tried now, after those before it", (call, slug, id) => call.Client.Instances.ReplayWebhook(slug, id)),
        One(host, "drop", "Remove a webhook, whether it waits or is dead.", "is removed", (call, slug, id) => call.Client.Instances.DropWebhook(slug, id)),
    };

    private static Command List(CliHost host)
    {
        var slug = CommandOptions.Slug();
        return new Command("list", "Show what waits and what was given up.") { slug }.Does(host, async call =>
        {
            var hooks = await call.Client.Instances.GetWebhooksAsync(call.Required(slug), call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Array(hooks);
                return;
            }

            var table = new TextTable("ID", "STATE", "RECEIVED", "EXPIRES", "METHOD", "PATH", "SIZE", "NEXT TRY", "REASON") { MayLack = ["SIZE", "RECEIVED", "METHOD", "EXPIRES"] };
            foreach (var hook in hooks)
            {
                var expires = hook.State == "pending" ? Words.Time(hook.ExpiresAt) : null;
                var next = hook.NextTryAt is { } at ? Words.Time(at) : null;
                table.Row(hook.Id, hook.State, Words.Time(hook.ReceivedAt), expires, hook.Method, hook.Path, Words.Bytes(hook.Bytes), next, hook.Reason);
            }

            table.Write(call.Output, "No webhook waits and none was given up.");
        });
    }

    private static Command One(CliHost host, string name, string description, string done, Func<Call, string, string, Client.Change<string>> change)
    {
        var slug = CommandOptions.Slug();
        var id = new Argument<string>("ID") { Description = "The delivery id, as 'webhooks list' shows it." };
        var dryRun = CommandOptions.DryRun();
        return new Command(name, description) { slug, id, dryRun }.Does(host, async call =>
        {
            var wanted = change(call, call.Required(slug), call.Required(id));
            if (await call.PreviewAsync(call.Value(dryRun), wanted))
                return;
            await wanted.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Array(await call.Client.Instances.GetWebhooksAsync(call.Required(slug), call.CancellationToken));
            else
                call.Output.Line($"Webhook {call.Required(id)} {done}.");
        });
    }
}
