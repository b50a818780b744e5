using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Importing;

/// <summary>How workspaces are taken over.</summary>
internal sealed record TerraformAdoptionOptions(string? App, string? Target, string? Tier, TimeSpan Timeout);

/// <summary>
/// Takes workspaces over one after the other. What was made with Tenantry's module set becomes an instance that goes on with what is there; of others the tenant is made and the
/// network range reserved, and their resources stay with whoever has them.
/// </summary>
internal sealed class TerraformAdoption(Call call, TerraformAdoptionOptions options)
{
    internal const string Adopt = "adopt";
    internal const string Reserve = "reserve";
    internal const string None = "none";

    /// <summary>What would be done with each, every mistake told.</summary>
    public async Task<IReadOnlyList<ImportedWorkspaceResponse>> PlanAsync(IReadOnlyList<TerraformWorkspace> workspaces, List<ProblemError> mistakes)
    {
        var instances = await call.Client.Instances.ListAsync(new InstanceQuery(), call.CancellationToken).ToListAsync(call.CancellationToken);
        var networks = await call.Client.Targets.ListNetworksAsync(call.CancellationToken).Where(one => one.Use != "cooling").ToListAsync(call.CancellationToken);
        var planned = new List<ImportedWorkspaceResponse>();
        foreach (var one in workspaces)
        {
            if (IsDone(one, instances, networks))
                planned.Add(Of(one, None, []));
            else if (one.Adopt is null && await TryAsync(one, mistakes, () => call.Client.Targets.ReserveNetwork(one.Name, $"{one.Network}").PreviewAsync(call.CancellationToken)) is not null)
                planned.Add(Of(one, Reserve, []));
            else if (one.Adopt is null)
                continue;
            else if (options.App is null)
                mistakes.Add(new ProblemError($"workspace {one.Name}", "It becomes an instance: say of which app with --app APP."));
            else if (await TryAsync(one, mistakes, () => call.Client.Instances.Create(Request(one)).PreviewAsync(call.CancellationToken)) is { } plan)
                planned.Add(Of(one, Adopt, plan.Steps));
        }

        return planned;
    }

    /// <summary>Does it, and gives each with its outcome.</summary>
    public async Task<IReadOnlyList<ImportedWorkspaceResponse>> RunAsync(IReadOnlyList<TerraformWorkspace> workspaces, IReadOnlyList<ImportedWorkspaceResponse> plan)
    {
        var done = new List<ImportedWorkspaceResponse>();
        foreach (var planned in plan)
        {
            var one = workspaces.First(workspace => workspace.Name == planned.Workspace);
            try
            {
                if (planned.What == Reserve)
                    await ReserveAsync(one);
                else if (planned.What == Adopt)
                    await AdoptAsync(one);
                done.Add(planned with { Outcome = "done" });
            }
            catch (Exception failure) when (failure is TenantryException or TenantryUnavailableException or CliException)
            {
                done.Add(planned with { Outcome = failure.Message });
            }
        }

        return done;
    }

    private async Task ReserveAsync(TerraformWorkspace one)
    {
        if (await call.Client.Tenants.FindAsync(one.Tenant, call.CancellationToken) is null)
            await call.Client.Tenants.Create(new CreateTenantRequest(one.Tenant)).SendAsync(call.CancellationToken);
        await call.Client.Targets.ReserveNetwork(one.Name, $"{one.Network}").SendAsync(call.CancellationToken);
    }

    private async Task AdoptAsync(TerraformWorkspace one)
    {
        var operation = await call.Client.Instances.Create(Request(one)).SendAsync(call.CancellationToken);
        call.BePatient();
        call.Ended(await call.WaitAsync(operation, options.Timeout));
    }

    private CreateInstanceRequest Request(TerraformWorkspace one) => new(
        one.Tenant, options.App!, one.Environment, options.Target, options.Tier, Slug: one.Slug, NewTenant: new CreateTenantRequest(one.Tenant), Adopt: one.Adopt);

    private bool IsDone(TerraformWorkspace one, List<InstanceResponse> instances, List<NetworkResponse> networks) =>
        one.Adopt is null
            ? networks.Exists(network => network.Name == one.Name && network.Network == $"{one.Network}")
            : instances.Exists(instance => instance.Tenant == one.Tenant && instance.Environment == one.Environment && (options.App is null || instance.App == options.App));

    private static async Task<T?> TryAsync<T>(TerraformWorkspace one, List<ProblemError> mistakes, Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (TenantryException refused)
        {
            mistakes.Add(new ProblemError($"workspace {one.Name}", refused.Message));
            return null;
        }
    }

    private static ImportedWorkspaceResponse Of(TerraformWorkspace one, string what, IReadOnlyList<PlanStepResponse> steps) =>
        new(one.Name, one.Tenant, one.Environment, $"{one.Network}", one.Resources, what, steps);
}
