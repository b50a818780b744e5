using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Client;

namespace Tenantry.Cli.Quickstarting;

/// <summary>What the quickstart makes, step by step. Each step finds what an earlier call made already.</summary>
internal sealed class Demo(Call call)
{
    public const string App = "node-red";
    public const string Target = "local";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Configures this machine as a target, and makes sure that it can work.</summary>
    public async Task AddTargetAsync()
    {
        var targets = call.Client.Targets;
        if (await targets.FindAsync(Target, call.CancellationToken) is null)
            await targets.Create(Target, new("local")).SendAsync(call.CancellationToken);
        var report = await targets.CheckAsync(Target, call.CancellationToken);
        if (report.Works)
            return;
        var missing = report.Findings.Where(f => f.Level == "Missing").ToList();
        throw new CliException(
            ExitCode.Unavailable,
            "This machine cannot run instances: " + string.Join(" ", missing.Select(f => $"{f.Subject}: {f.Message}")),
            string.Join(Environment.NewLine, missing.Select(f => f.Fix).OfType<string>()));
    }

    public async Task<string> ApplyAppAsync(string manifest)
    {
        var applied = await AppApply.SendAsync(call, await ManifestFile.ReadAsync(call.Host, manifest, call.CancellationToken));
        return applied.Release.Id;
    }

    /// <summary>Asks for the tenant's instance and gives it its token; it is not waited for.</summary>
    public async Task<string?> AskForAsync(DemoTenant tenant)
    {
        if (await call.Client.Tenants.FindAsync(tenant.Name, call.CancellationToken) is null)
            await call.Client.Tenants.Create(new(tenant.Name)).SendAsync(call.CancellationToken);
        if (await call.Client.Instances.FindAsync(tenant.Name, call.CancellationToken) is not null)
            return null;
        var operation = await call.Client.Instances.Create(new(tenant.Name, App, Target: Target, Slug: tenant.Name)).SendAsync(call.CancellationToken);
        await call.Client.Secrets.Put(tenant.Name, "token", tenant.Token).SendAsync(call.CancellationToken);
        return operation.Id;
    }

    /// <summary>Waits for what was asked for.</summary>
    public async Task WaitAsync(string operation)
    {
        var end = await call.WaitAsync(await call.Client.Operations.GetAsync(operation, call.CancellationToken), Patience);
        call.Ended(end);
    }

    /// <summary>Removes everything that the quickstart made, and waits until nothing is left of it.</summary>
    public async Task RemoveAsync(IEnumerable<string> tenants)
    {
        var operations = new List<Model.Wire.OperationResponse>();
        foreach (var tenant in tenants)
        {
            if (await call.Client.Tenants.FindAsync(tenant, call.CancellationToken) is not null)
                operations.AddRange((await call.Client.Tenants.Delete(tenant).SendAsync(call.CancellationToken)).Operations);
        }

        foreach (var operation in operations)
            call.Ended(await call.WaitAsync(operation, Patience));
        if (await call.Client.Apps.FindAsync(App, call.CancellationToken) is not null)
            await call.Client.Apps.Delete(App).SendAsync(call.CancellationToken);
        var orphans = await call.Client.Targets.FindAsync(Target, call.CancellationToken) is null
            ? []
            : (await call.Client.Targets.GetOrphansAsync(call.CancellationToken)).Items;
        if (orphans.Count > 0)
            throw new CliException(ExitCode.Failed, $"Something is left of {string.Join(", ", orphans.Select(o => o.Slug))}.", "'tenantry orphans' shows it.");
    }
}
