using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry network list|reserve|release</c></summary>
internal static class NetworkCommand
{
    public static Command Create(CliHost host) => new("network", "Network ranges: which instances have one, and which no instance is to get.") { List(host), Reserve(host), Release(host) };

    private static Command List(CliHost host) => new Command("list", "List network ranges that are taken.").Does(host, async call =>
    {
        var networks = await call.Client.Targets.ListNetworksAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(networks);
            return;
        }

        var table = new TextTable("NAME", "NETWORK", "USE", "GIVEN BACK") { MayLack = ["GIVEN BACK"] };
        foreach (var one in networks)
            table.Row(one.Name, one.Network, one.Use, one.ReleasedAt is { } at ? $"{at:yyyy-MM-dd HH:mm}" : "");
        table.Write(call.Output, "No network range is taken.");
    });

    private static Command Reserve(CliHost host)
    {
        var name = CommandOptions.Name("name", "What it is of, such as office or client1-prod.");
        var network = CommandOptions.Name("network", "The range, such as 10.4.0.0/16.");
        var dryRun = CommandOptions.DryRun();
        return new Command("reserve", "Reserve a range that no instance is to get.") { name, network, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Targets.ReserveNetwork(call.Required(name), call.Required(network));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var reserved = await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(reserved);
            else
                call.Output.Line($"{reserved.Network} is reserved as {reserved.Name}.");
        });
    }

    private static Command Release(CliHost host)
    {
        var name = CommandOptions.Name("name", "What it was reserved as.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("release", "Give a reserved range back.") { name, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Targets.ReleaseNetwork(call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Give the range of {call.Required(name)} back? Instances get it after the cooling time.");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("network", call.Required(name));
        });
    }
}
