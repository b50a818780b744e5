using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry tenant set NAME …</c>: what is known of a tenant, and tier, hosts and features of its instance.</summary>
internal static class TenantSet
{
    public static Command Create(CliHost host)
    {
        var name = CommandOptions.Name("name", "The tenant.");
        var display = new Option<string?>("--display-name") { Description = "What people call it.", HelpName = "TEXT" };
        var owner = new Option<string?>("--owner") { Description = "Who owns it.", HelpName = "TEXT" };
        var costCentre = new Option<string?>("--cost-centre") { Description = "Where its cost is booked.", HelpName = "TEXT" };
        var slug = new Option<string?>("--slug") { Description = "Which instance, when the tenant has several.", HelpName = "SLUG" };
        var tier = new Option<string?>("--tier") { Description = "The instance's tier.", HelpName = "TIER" };
        var hosts = new Option<string[]>("--host") { Description = "All further host names of the instance; may be repeated, '--host \"\"' takes them away.", HelpName = "NAME" };
        var features = CommandOptions.Pairs("--feature", "A value for one of the manifest's features; 'KEY=' goes back to its default. May be repeated.");
        var dryRun = CommandOptions.DryRun();
        var noWait = CommandOptions.NoWait();
        var timeout = CommandOptions.Timeout();
        var command = new Command("set", "Change a tenant, or tier, host names and features of its instance.")
        {
            name, display, owner, costCentre, slug, tier, hosts, features, dryRun, noWait, timeout,
        };
        return command.Does(host, async call =>
        {
            var tenant = new UpdateTenantRequest(call.Value(display), call.Value(owner), call.Value(costCentre));
            var instance = new UpdateInstanceRequest(
                call.Value(tier),
                Hosts: call.IsGiven(hosts) ? [.. call.Value(hosts)!.Where(h => h.Length > 0)] : null,
                Features: call.Value(features) is { Count: > 0 } values ? values.ToDictionary(f => f.Key, f => f.Value.Length > 0 ? f.Value : null, StringComparer.Ordinal) : null);
            var changesTenant = tenant != new UpdateTenantRequest();
            var changesInstance = instance != new UpdateInstanceRequest();
            if (!changesTenant && !changesInstance)
                throw new CliException(ExitCode.Usage, "Nothing to set.", "See 'tenantry tenant set --help'.");
            if (changesTenant)
                await SetTenantAsync(call, call.Required(name), tenant, call.Value(dryRun), isLast: !changesInstance);
            if (changesInstance)
            {
                var change = call.Client.Instances.Update(await TenantInstances.OneAsync(call, call.Required(name), call.Value(slug)), instance);
                if (!await call.PreviewAsync(call.Value(dryRun), change))
                    await call.CarryOutAsync(change, !call.Value(noWait), call.Value(timeout), "is so already");
            }
        });
    }

    private static async Task SetTenantAsync(Call call, string name, UpdateTenantRequest request, bool isDryRun, bool isLast)
    {
        var current = await call.Client.Tenants.GetAsync(name, call.CancellationToken);
        var change = call.Client.Tenants.Update(name, request, current.Version);
        if (await call.PreviewAsync(isDryRun, change))
            return;
        var tenant = await change.SendAsync(call.CancellationToken);
        if (!call.Output.Json)
            call.Output.Line($"Changed tenant {tenant.Name}.");
        else if (isLast)
            call.Output.Value(tenant);
    }
}
