using System.CommandLine;
using Tenantry.Cli.Commands.Secrets;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry tenant add NAME [--app APP]</c>: the tenant if it is not there yet, and an instance of the app.</summary>
internal static class TenantAdd
{
    private sealed record Wanted(CreateTenantRequest Tenant, CreateInstanceRequest? Instance, IReadOnlyDictionary<string, string> Secrets, bool Wait, TimeSpan Timeout);

    public static Command Create(CliHost host)
    {
        var name = CommandOptions.Name("name", "The tenant's name: lower-case letters, digits and hyphens.");
        var app = new Option<string?>("--app") { Description = "Also make an instance of this app. A tenant that exists gets one more.", HelpName = "APP" };
        var target = new Option<string?>("--target") { Description = "Where it runs; may be left out while there is one target alone.", HelpName = "NAME" };
        var tier = new Option<string?>("--tier") { Description = "Its size and policy; the manifest's default when not said.", HelpName = "TIER" };
        var environment = new Option<string?>("--env") { Description = "Its environment; prod when not said.", HelpName = "NAME" };
        var release = new Option<string?>("--release") { Description = "Its release; the app's newest when not said.", HelpName = "ID" };
        var slug = new Option<string?>("--slug") { Description = "Its DNS label; made from tenant, app and environment when not said.", HelpName = "SLUG" };
        var hosts = new Option<string[]>("--host") { Description = "A further host name that leads to it; may be repeated.", HelpName = "NAME" };
        var features = CommandOptions.Pairs("--feature", "A value for one of the manifest's features; may be repeated.");
        var secrets = CommandOptions.Pairs("--secret-file", "A secret's value from a file, as NAME=FILE; may be repeated.");
        var display = new Option<string?>("--display-name") { Description = "What people call the tenant.", HelpName = "TEXT" };
        var organization = new Option<string?>("--organization") { Description = "The workspace that it belongs to; default when not said.", HelpName = "NAME" };
        var owner = new Option<string?>("--owner") { Description = "Who owns it, such as an e-mail address.", HelpName = "TEXT" };
        var costCentre = new Option<string?>("--cost-centre") { Description = "Where its cost is booked.", HelpName = "TEXT" };
        var dryRun = CommandOptions.DryRun();
        var noWait = CommandOptions.NoWait();
        var timeout = CommandOptions.Timeout();
        var command = new Command("add", "Add a tenant and make its instance of an app.")
        {
            name, app, target, tier, environment, release, slug, hosts, features, secrets, display, organization, owner, costCentre, dryRun, noWait, timeout,
        };
        return command.Does(host, async call =>
        {
            var tenant = call.Required(name);
            if (call.Value(app) is null && call.Value(secrets) is { Count: > 0 })
                throw new CliException(ExitCode.Usage, "--secret-file is for an instance: say which app with --app APP.");
            var newTenant = new CreateTenantRequest(tenant, call.Value(display), call.Value(organization), call.Value(owner), call.Value(costCentre));
            var newInstance = call.Value(app) is not { } one
                ? null
                : new CreateInstanceRequest(tenant, one, call.Value(environment), call.Value(target), call.Value(tier), call.Value(release), call.Value(slug), call.Value(hosts) is { Length: > 0 } names ? names : null, call.Value(features) is { Count: > 0 } values ? values : null, newTenant);
            var wait = !call.Value(noWait);
            var files = await MissingSecrets.ReadAsync(call, newInstance, call.Value(secrets)!, isNeededNow: wait && !call.Value(dryRun));
            var wanted = new Wanted(newTenant, newInstance, files, wait, call.Value(timeout));
            await (call.Value(dryRun) ? PreviewAsync(call, wanted) : AddAsync(call, wanted));
        });
    }

    private static async Task PreviewAsync(Call call, Wanted wanted)
    {
        if (wanted.Instance is { } instance)
            PlanText.Write(call.Output, await call.Client.Instances.Create(instance).PreviewAsync(call.CancellationToken));
        else
            PlanText.Write(call.Output, await call.Client.Tenants.Create(wanted.Tenant).PreviewAsync(call.CancellationToken));
    }

    private static async Task AddAsync(Call call, Wanted wanted)
    {
        if (wanted.Instance is not { } request)
        {
            var added = await call.Client.Tenants.Create(wanted.Tenant).SendAsync(call.CancellationToken);
            if (call.Output.Json)
                Write(call.Output, added, null, null);
            else
                call.Output.Line($"Added tenant {added.Name}.");
            return;
        }

        var operation = await call.Client.Instances.Create(request).SendAsync(call.CancellationToken);
        call.BePatient();
        await MissingSecrets.FillAsync(call, operation.Slug, wanted.Secrets, wanted.Wait);
        if (wanted.Wait)
        {
            operation = await call.WaitAsync(operation, wanted.Timeout);
            call.Ended(operation);
        }

        var instance = await call.Client.Instances.GetAsync(operation.Slug, call.CancellationToken);
        if (call.Output.Json)
            Write(call.Output, await call.Client.Tenants.GetAsync(request.Tenant, call.CancellationToken), instance, operation);
        else
            call.Output.Line(wanted.Wait ? $"{instance.Slug} is {instance.Phase}{(instance.Url is null ? "." : $": {instance.Url}")}" : $"Accepted. 'tenantry operations show {operation.Id}' tells how far it is.");
    }

    private static void Write(Output output, TenantResponse tenant, InstanceDetailResponse? instance, OperationResponse? operation) => output.Document(writer =>
    {
        writer.WriteStartObject();
        Output.Member(writer, "tenant", tenant);
        Output.Member(writer, "instance", instance);
        Output.Member(writer, "operation", operation);
        writer.WriteEndObject();
    });
}
