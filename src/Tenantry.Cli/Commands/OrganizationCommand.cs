using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry organization add|list|remove</c></summary>
internal static class OrganizationCommand
{
    public static Command Create(CliHost host) => new("organization", "Organizations: whose tenants are.")
    {
        Add(host),
        List(host),
        Remove(host),
    };

    private static Command Add(CliHost host)
    {
        var name = CommandOptions.Name("name", "Its name.");
        var dryRun = CommandOptions.DryRun();
        return new Command("add", "Add an organization. One is added with its first tenant, too.") { name, dryRun }.Does(host, async call =>
        {
            var change = call.Client.People.CreateOrganization(call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var made = await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(made);
            else
                call.Output.Line($"Added organization {made.Name}. 'tenantry member add {made.Name} ADDRESS' lets somebody in.");
        });
    }

    private static Command Remove(CliHost host)
    {
        var name = CommandOptions.Name("name", "The organization. Its tenants are removed before.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("remove", "Remove an organization that has no tenants, with its members, quotas, tokens and secrets.") { name, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.People.DeleteOrganization(call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Remove the organization {call.Required(name)}, its members, quotas, tokens and secrets?");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("organization", call.Required(name));
        });
    }

    private static Command List(CliHost host) => new Command("list", "List organizations.").Does(host, async call =>
    {
        var all = await call.Client.People.ListOrganizationsAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(all);
            return;
        }

        var table = new TextTable("NAME", "CREATED");
        foreach (var one in all)
            table.Row(one.Name, Words.Time(one.CreatedAt));
        table.Write(call.Output, "No organizations.");
    });
}
