using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Local.Steps;

/// <summary>Takes a plan's steps. Each makes what is missing and leaves what is there, so that any of them can be taken again.</summary>
internal sealed class InstanceApplier(LocalHost host)
{
    internal async Task ApplyAsync(Plan plan, InstanceWorkload workload, StepWriter steps, CancellationToken cancellationToken)
    {
        if (plan.IsEmpty)
            return;
        var work = new ApplyWork(host, workload);
        var serving = new Serving(workload, plan, name => LocalResources.Service(workload.Ref, name));
        foreach (var step in plan.Steps)
        {
            await steps.StepAsync(step.Resource, step.Action, async progress =>
            {
                try
                {
                    await TakeAsync(work, step, serving, steps, progress, cancellationToken);
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    throw new TargetException($"{error.Message.TrimEnd('.')}.", retryable: true, step.Resource, cause: error);
                }
            });
        }

        await FinishAsync(work, cancellationToken);
    }

    /// <summary>As <see cref="ApplyAsync"/>; what runs already is waited for until it is healthy.</summary>
    internal async Task WakeAsync(Plan plan, InstanceWorkload workload, StepWriter steps, CancellationToken cancellationToken)
    {
        await ApplyAsync(plan, workload, steps, cancellationToken);
        if (!plan.IsEmpty || InstanceFile.Read(host.Paths.Of(workload.Ref)) is not { } file)
            return;
        foreach (var service in file.Services)
            await HealthWait.UntilHealthyAsync(host, file, service, cancellationToken);
    }

    private async Task TakeAsync(ApplyWork work, PlanStep step, Serving serving, StepWriter steps, Action<string> progress, CancellationToken cancellationToken)
    {
        switch (step.Resource.Kind, step.Action)
        {
            case ("release", _):
                await work.EnsureReleaseAsync(progress, cancellationToken);
                break;
            case ("identity", _):
                work.EnsureIdentity();
                break;
            case ("volume", _):
                await work.EnsureVolumeAsync(work.NameOf(step.Resource), cancellationToken);
                break;
            case ("network", _):
                await work.EnsureNetworkAsync(cancellationToken);
                break;
            case ("limits", _):
                work.EnsureLimits();
                break;
            case ("configuration", _):
                await work.EnsureConfigurationAsync(progress, cancellationToken);
                break;
            case ("service", StepAction.Stop or StepAction.Delete):
                await StopAsync(work, step, cancellationToken);
                break;
            case ("service", StepAction.Wait):
                await HealthWait.UntilHealthyAsync(host, work.File, work.Service(work.NameOf(step.Resource)), cancellationToken);
                break;
            case ("service", _):
                await StartAsync(work, step, serving, steps, progress, cancellationToken);
                break;
            case ("instance", StepAction.Thaw):
                work.RememberUp();
                host.CgroupOf(work.Paths.Id).Thaw();
                break;
            case ("instance", StepAction.Freeze):
                await FreezeAsync(work, cancellationToken);
                break;
            default:
                throw new TargetException($"This is no step of a local target: {step.Action} {step.Resource}.", retryable: false);
        }
    }

    private async Task StartAsync(ApplyWork work, PlanStep step, Serving serving, StepWriter steps, Action<string> progress, CancellationToken cancellationToken)
    {
        // Whatever was planned, a start finds everything that it needs.
        await work.EnsureSurroundingsAsync(progress, cancellationToken);
        var service = work.Service(work.NameOf(step.Resource));
        var own = work.Paths.Service(service.Name);
        // Nobody else is kept waiting for it.
        if (serving.Has(step.Resource) && ServiceState.Read(own) is { IsAlive: true } before && !IsIt(before))
            await steps.InterruptAsync(step, serving.Last, cancellationToken);
        using var held = await host.Locks.HoldAsync(work.Paths.Id, cancellationToken);
        var state = ServiceState.Read(own);
        if (state is { IsAlive: true } && IsIt(state))
            return;
        if (state is { IsAlive: true })
            await host.Runner.StopAsync(work.Paths, service, cancellationToken);
        await host.Runner.StartAsync(work.Paths, work.File, service, before: null, cancellationToken);

        bool IsIt(ServiceState known) => known.ConfigDigest == service.ConfigDigest && known.RestartNonce == work.File.RestartNonce;
    }

    private async Task FreezeAsync(ApplyWork work, CancellationToken cancellationToken)
    {
        using var held = await host.Locks.HoldAsync(work.Paths.Id, cancellationToken);
        work.RememberUp();
        host.CgroupOf(work.Paths.Id).Freeze();
    }

    private async Task StopAsync(ApplyWork work, PlanStep step, CancellationToken cancellationToken)
    {
        if (work.FindKnown(work.NameOf(step.Resource)) is not { } service)
            return;
        work.Remember(file => file with
        {
            Wanted = step.Action == StepAction.Stop ? DesiredState.Asleep : file.Wanted,
            Services = step.Action == StepAction.Delete ? [.. file.Services.Where(known => known.Name != service.Name)] : file.Services,
        });
        using var held = await host.Locks.HoldAsync(work.Paths.Id, cancellationToken);
        host.Health.Forget(work.Paths.Service(service.Name));
        await host.Runner.StopAsync(work.Paths, service, cancellationToken);
        if (step.Action == StepAction.Delete && Directory.Exists(work.Paths.Service(service.Name).Bundle))
            Directory.Delete(work.Paths.Service(service.Name).Bundle, recursive: true);
    }

    private async Task FinishAsync(ApplyWork work, CancellationToken cancellationToken)
    {
        if (work.Workload.Desired == DesiredState.Asleep)
        {
            await InstanceStopper.ReleaseAsync(host, work.Paths, cancellationToken);
        }
        else
        {
            foreach (var service in work.File.Services)
            {
                if (work.Workload.Desired == DesiredState.Running)
                    await HealthWait.UntilHealthyAsync(host, work.File, service, cancellationToken);
                host.Health.Follow(work.Paths, service);
                InstanceMemory.KeepOnly(work.Paths.Service(service.Name), service.Digest);
            }
        }

        work.Finish();
    }
}
