using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry tenant add|list|show|set|remove</c></summary>
internal static class TenantCommand
{
    public static Command Create(CliHost host) => new("tenant", "Tenants: the customers, each with instances of their own.")
    {
        TenantAdd.Create(host),
        List(host),
        Show(host),
        TenantSet.Create(host),
        TenantRemove.Create(host),
    };

    private static Command List(CliHost host) => new Command("list", "List tenants.").Does(host, async call =>
    {
        var tenants = await call.Client.Tenants.ListAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(tenants);
            return;
        }

        var table = new TextTable("TENANT", "NAME", "ORGANIZATION", "OWNER", "COST CENTRE", "CREATED", "STATE") { MayLack = ["CREATED", "COST CENTRE", "ORGANIZATION", "NAME", "OWNER"] };
        foreach (var t in tenants)
            table.Row(t.Name, t.DisplayName, t.Organization, t.Owner, t.CostCentre, Words.Time(t.CreatedAt), t.Deleting ? Cell.Busy("deleting") : "-");
        table.Write(call.Output, "No tenants. 'tenantry tenant add NAME --app APP' makes one.");
    });

    private static Command Show(CliHost host)
    {
        var name = CommandOptions.Name("name", "The tenant.");
        return new Command("show", "Show a tenant and its instances.") { name }.Does(host, async call =>
        {
            var tenant = await call.Client.Tenants.GetAsync(call.Required(name), call.CancellationToken);
            var instances = await call.Client.Instances.ListAsync(new(Tenant: tenant.Name), call.CancellationToken).ToListAsync(call.CancellationToken);
            if (call.Output.Json)
                WriteJson(call.Output, tenant, instances);
            else
                WriteText(call.Output, tenant, instances);
        });
    }

    private static void WriteJson(Output output, TenantResponse tenant, List<InstanceResponse> instances) => output.Document(writer =>
    {
        writer.WriteStartObject();
        Output.Member(writer, "tenant", tenant);
        writer.WriteStartArray("instances");
        foreach (var instance in instances)
            Output.Write(writer, instance);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static void WriteText(Output output, TenantResponse tenant, List<InstanceResponse> instances)
    {
        var facts = new FactList();
        facts.Add("tenant", tenant.Name, tenant.Deleting ? "(deleting)" : "");
        facts.Add("name", tenant.DisplayName);
        facts.Add("organization", tenant.Organization);
        facts.Add("owner", tenant.Owner);
        facts.Add("cost centre", tenant.CostCentre);
        facts.Add("created", Words.Time(tenant.CreatedAt));
        facts.Write(output);
        output.Line();
        var table = new TextTable("SLUG", "APP", "ENVIRONMENT", "TIER", "PHASE", "HEALTH", "URL") { MayLack = ["TIER", "ENVIRONMENT", "APP", "URL"] };
        foreach (var i in instances)
            table.Row(i.Slug, i.App, i.Environment, i.Tier, InstanceCells.Phase(i), InstanceCells.Health(i), i.Url);
        table.Write(output, "No instances.");
    }
}
