using System.CommandLine;
using Tenantry.Cli.Offboarding;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry tenant remove NAME</c>: everything of a tenant, until nothing is left.</summary>
internal static class TenantRemove
{
    public static Command Create(CliHost host)
    {
        var name = CommandOptions.Name("name", "The tenant.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        var noWait = CommandOptions.NoWait();
        var timeout = CommandOptions.Timeout();
        return new Command("remove", "Delete a tenant, its instances and all their data, and wait until nothing is left.") { name, yes, dryRun, noWait, timeout }.Does(host, async call =>
        {
            var tenant = call.Required(name);
            var change = call.Client.Tenants.Delete(tenant);
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            await ConfirmAsync(call, tenant, call.Value(yes));
            var deletion = await change.SendAsync(call.CancellationToken);
            if (call.Value(noWait))
            {
                if (call.Output.Json)
                    call.Output.Value(deletion);
                else
                    call.Output.Line($"Accepted: {Words.Count(deletion.Operations.Count, "instance")} to delete.");
                return;
            }

            foreach (var operation in deletion.Operations)
                call.Ended(await call.WaitAsync(operation, call.Value(timeout)));
            await NothingLeft.TenantAsync(call, tenant, call.Value(timeout));
            call.Output.Removed("tenant", tenant);
        });
    }

    private static async Task ConfirmAsync(Call call, string tenant, bool isAnswered)
    {
        if (isAnswered)
            return;
        var instances = await call.Client.Instances.ListAsync(new(Tenant: tenant), call.CancellationToken).CountAsync(call.CancellationToken);
        Prompt.Confirm(call, isAnswered, $"Delete tenant {tenant}, its {Words.Count(instances, "instance")} and all their data?");
    }
}
