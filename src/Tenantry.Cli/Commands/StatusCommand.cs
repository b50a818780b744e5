using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry status [SLUG]</c></summary>
internal static class StatusCommand
{
    public static Command Create(CliHost host)
    {
        var slug = new Argument<string?>("SLUG") { Description = "Only this instance, with everything that is known of it.", Arity = ArgumentArity.ZeroOrOne };
        var tenant = new Option<string?>("--tenant") { Description = "Only instances of this tenant." };
        var app = new Option<string?>("--app") { Description = "Only instances of this app." };
        var target = new Option<string?>("--target") { Description = "Only instances on this target." };
        return new Command("status", "Show how instances are.") { slug, tenant, app, target }.Does(host, async call =>
        {
            if (call.Value(slug) is { } one)
                await ShowOneAsync(call, one);
            else
                await ShowAllAsync(call, new(call.Value(tenant), call.Value(app), call.Value(target)));
        });
    }

    private static async Task ShowAllAsync(Call call, InstanceQuery query)
    {
        var instances = new List<InstanceResponse>();
        await foreach (var instance in call.Client.Instances.ListAsync(query, call.CancellationToken))
            instances.Add(instance);
        if (call.Output.Json)
        {
            call.Output.Array(instances);
            return;
        }

        var now = call.Host.Time.GetUtcNow();
        var table = new TextTable("SLUG", "APP", "TARGET", "TIER", "PHASE", "HEALTH", "AGE", "URL", "REASON") { MayLack = ["TIER", "TARGET", "APP", "AGE", "URL"] };
        foreach (var i in instances)
        {
            table.Row(
                i.Slug,
                i.App,
                i.Target,
                i.Tier,
                InstanceCells.Phase(i),
                InstanceCells.Health(i),
                Words.Age(now - i.CreatedAt),
                i.Url,
                InstanceCells.Remark(i) is { Length: > 0 } remark ? remark : "");
        }

        table.Write(call.Output, "No instances. 'tenantry tenant add NAME --app APP' makes one.");
    }

    private static async Task ShowOneAsync(Call call, string slug)
    {
        var instance = await call.Client.Instances.GetAsync(slug, call.CancellationToken);
        if (call.Output.Json)
            call.Output.Value(instance);
        else
            InstanceText.Write(call, instance);
    }
}
