using Tenantry.Cli.Commands.Secrets;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>
/// Brings a customer from wherever they are to an answering instance. What was made before, by a run that failed or was killed, is found and gone on with: nothing
/// is made twice.
/// </summary>
/// <param name="call">The invocation.</param>
/// <param name="wait">Waits for an operation, and throws unless it succeeded.</param>
/// <param name="mayRedeploy">Asked when the instance is there and well.</param>
internal sealed class Onboarder(Call call, Func<OperationResponse, Task> wait, Func<InstanceDetailResponse, bool> mayRedeploy)
{
    private const int MostListed = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private InstancesClient Instances => call.Client.Instances;

    /// <summary>Returns the instance and what was done: <c>onboarded</c>, <c>redeployed</c> or <c>unchanged</c>.</summary>
    public async Task<(InstanceDetailResponse Instance, string Outcome)> RunAsync(OnboardTarget target)
    {
        var (slug, outcome) = target.Present is { } present ? (present.Slug, await GoOnAsync(target, present)) : (await MakeAsync(target), "onboarded");
        return (await Instances.GetAsync(slug, call.CancellationToken), outcome);
    }

    private async Task<string> MakeAsync(OnboardTarget target)
    {
        var operation = await Instances.Create(target.Request).SendAsync(call.CancellationToken);
        call.BePatient();
        await SetSecretsAsync(operation.Slug, target);
        await wait(operation);
        return operation.Slug;
    }

    private async Task<string> GoOnAsync(OnboardTarget target, InstanceResponse present)
    {
        call.BePatient();
        await OwnAsync(target);
        await SetSecretsAsync(present.Slug, target);
        var changed = await ChangeAsync(target, present);
        if (changed is null && await UnderWayAsync(present.Slug) is { } underWay)
        {
            await wait(underWay);
            return "onboarded";
        }

        var instance = await SettledAsync(present.Slug);
        if (instance.Phase == InstancePhase.Failed || (instance.Phase is InstancePhase.Pending or InstancePhase.Provisioning && instance.Failures > 0))
        {
            await wait(await AgainAsync(instance));
            return "onboarded";
        }

        if (!mayRedeploy(instance))
            return changed is null ? "unchanged" : "onboarded";
        var (operation, unchanged) = await Instances.Update(instance.Slug, new UpdateInstanceRequest(Release: "latest")).SendAsync(call.CancellationToken);
        await wait(unchanged is null ? operation! : await AgainAsync(instance));
        return "redeployed";
    }

    // A run that was killed between making the tenant by hand and here, or a tenant that had no owner yet.
    private async Task OwnAsync(OnboardTarget target)
    {
        var tenant = await call.Client.Tenants.GetAsync(target.Tenant.Name, call.CancellationToken);
        if (tenant.Owner.Length == 0)
            await call.Client.Tenants.Update(tenant.Name, new UpdateTenantRequest(target.Tenant.DisplayName, target.Email), tenant.Version).SendAsync(call.CancellationToken);
    }

    private Task SetSecretsAsync(string slug, OnboardTarget target) => MissingSecrets.FillAsync(call, slug, target.Secrets, isNeededNow: true, target.OwnSecrets);

    /// <summary>What of an instance that is there was said: tier, features and target. The control plane knows what of it is other than before, and what cannot be.</summary>
    public static UpdateInstanceRequest SaidDifferently(OnboardTarget target) => new(
        Tier: target.Request.Tier,
        Features: target.Request.Features?.ToDictionary(feature => feature.Key, feature => (string?)feature.Value, StringComparer.Ordinal),
        Target: target.Request.Target);

    // What is said differently this time counts; what is not said stays.
    private async Task<OperationResponse?> ChangeAsync(OnboardTarget target, InstanceResponse present)
    {
        OperationResponse? last = null;
        if (SaidDifferently(target) is { } said && said != new UpdateInstanceRequest())
            last = (await Instances.Update(present.Slug, said).SendAsync(call.CancellationToken)).Operation;
        if (target.Request.LlmLimit is not null || target.Request.OwnLlmKeys)
        {
            var change = await call.Client.Llm.Update(present.Slug, new UpdateLlmRequest(target.Request.LlmLimit, Own: target.Request.OwnLlmKeys ? true : null)).SendAsync(call.CancellationToken);
            last = change.Operation ?? last;
        }

        if (last is not null)
            await wait(last);
        return last;
    }

    private async Task<OperationResponse?> UnderWayAsync(string slug) =>
        await call.Client.Operations.ListAsync(slug, call.CancellationToken).Take(MostListed)
            .FirstOrDefaultAsync(operation => operation.State is OperationState.Pending or OperationState.Running, call.CancellationToken);

    // A secret that was just set is no operation: the instance says how far it is.
    private async Task<InstanceDetailResponse> SettledAsync(string slug)
    {
        while (true)
        {
            var instance = await Instances.GetAsync(slug, call.CancellationToken);
            if (instance.ObservedGeneration == instance.Generation && instance.Phase is not (InstancePhase.Updating or InstancePhase.Provisioning or InstancePhase.Deleting))
                return instance;
            if (instance.Failures > 0 || instance.Phase is InstancePhase.Deleting)
                return instance;
            await Task.Delay(Pause, call.Host.Time, call.CancellationToken);
        }
    }

    private async Task<OperationResponse> AgainAsync(InstanceDetailResponse instance)
    {
        var again = instance.Desired is DesiredState.Asleep or DesiredState.Frozen ? Instances.Wake(instance.Slug) : Instances.Restart(instance.Slug);
        return (await again.SendAsync(call.CancellationToken)).Operation ?? throw new CliException(ExitCode.Failed, $"{instance.Slug} is {instance.Phase}. {instance.Reason}");
    }
}
