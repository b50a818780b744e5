using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Docker.Steps;

/// <summary>
/// Puts new containers in the place of an instance's old ones. All old ones are kept aside, stopped where they and the new ones would write to the same volume or are in
/// the same network, until the last of the new ones is healthy; when one does not become so all are put back in their order.
/// </summary>
internal sealed class InstanceReplacement
{
    private const string NotMade = "The new container could not be made";
    private readonly DockerHost _host;
    private readonly ServiceContainers _containers;
    private readonly FormerContainers _former;
    private readonly InstanceWorkload _workload;
    private readonly Plan _plan;
    private readonly PlanStep? _last;
    private readonly List<FormerContainer> _aside = [];
    private readonly List<string> _made = [];
    private readonly StepWriter _steps;
    private readonly Serving _serving;
    private bool _hasBegun;
    private bool _isStopped;

    internal InstanceReplacement(DockerHost host, ServiceContainers containers, InstanceWorkload workload, Plan plan, StepWriter steps)
    {
        _steps = steps;
        (_host, _containers, _workload, _plan) = (host, containers, workload, plan);
        _serving = new Serving(workload, plan, name => DockerNames.ServiceResource(workload.Ref, name));
        _former = new FormerContainers(host, containers, workload);
        _last = plan.Steps.LastOrDefault(step => step.Resource.Kind == "service");
    }

    /// <summary>Does a step's work. What fails puts back what is aside; the plan's last service that is healthy removes it.</summary>
    internal async Task TakeAsync(PlanStep step, Func<Task> work, Action<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            if (Replaces(step) && !_hasBegun)
                await BeginAsync(step, cancellationToken);
            if (step is { Resource.Kind: "service", Action: StepAction.Create or StepAction.Replace })
                _made.Add(step.Resource.Name);
            await work();
        }
        catch (Exception error) when (error is TargetException or IOException or UnauthorizedAccessException && _aside.Count > 0)
        {
            throw await FailureAsync(step, error, progress, cancellationToken);
        }

        if (step == _last && _aside.Count > 0)
            await FinishAsync(step, cancellationToken);
    }

    private static bool Replaces(PlanStep step) => step is { Resource.Kind: "service", Action: StepAction.Replace or StepAction.Delete } && !DockerNames.IsFormer(step.Resource.Name);

    private async Task BeginAsync(PlanStep step, CancellationToken cancellationToken)
    {
        _hasBegun = true;
        var wasCutOff = await _former.PutBackCutOffAsync(cancellationToken);
        var seen = await _host.Reader.ReadAsync(_workload.Ref, cancellationToken);
        var going = _plan.Steps.Where(Replaces).Select(step => step.Resource.Name).ToHashSet(StringComparer.Ordinal);

        // Another container's network is left by stopping, and a network by all of its containers; a volume must not have two writers.
        var isShared = seen.Services.Count > 1 || _workload.Services.Count > 1 || seen.Shape?.Volumes.Count > 0 || ServiceShape.VolumesOf(_workload).Any()
            || _plan.Steps.Any(step => step is { Resource.Kind: "network", Action: StepAction.Replace });
        _isStopped = isShared;
        if (isShared && seen.Ordered.Any(container => going.Contains(container.Name) && container.State.IsRunning && Serves(container.Service)))
            await _steps.InterruptAsync(step, _serving.Last, cancellationToken);
        foreach (var container in seen.Ordered.Reverse().Where(container => going.Contains(container.Name)))
        {
            if (container.State.IsRemains)
            {
                await _containers.RemoveAsync(container.Name, cancellationToken);
                continue;
            }

            // One that an upgrade that was cut off had stopped is to run as well.
            _aside.Insert(0, new FormerContainer(container, container.State.IsUp || (wasCutOff && _workload.Desired != DesiredState.Asleep)));
            await _host.Engine.PostAsync($"/containers/{container.Id}/rename?name={DockerNames.Former(_workload.Ref, container.Service!)}", null, cancellationToken);
            if (isShared)
                await _containers.StopAsync(container.Id, cancellationToken);
        }
    }

    // The first one's network is that of all. One that the release has no more may have been what the gateway reached.
    private bool Serves(string? service) => service is null || service == _workload.Services[0].Name || _workload.Services.All(known => known.Name != service)
        || _serving.Has(DockerNames.ServiceResource(_workload.Ref, service));

    // Written down before anything goes: whoever finds some of the old ones later knows that they are no longer wanted.
    private async Task FinishAsync(PlanStep step, CancellationToken cancellationToken)
    {
        var seen = await _host.Reader.ReadAsync(_workload.Ref, cancellationToken);
        if (seen.IsAsWanted(_workload, _host.ContainersOf(_workload)))
            _host.Records.Write(_workload.Ref, InstanceRecord.After(_host.Records.Read(_workload.Ref), _workload, seen));
        if (!_isStopped && _aside.Exists(old => old.WasUp))
            await _steps.InterruptAsync(step, step, cancellationToken);
        foreach (var old in Enumerable.Reverse(_aside))
        {
            await _containers.StopAsync(old.Container.Id, cancellationToken);
            await _containers.RemoveAsync(old.Container.Id, cancellationToken);
        }
    }

    private async Task<TargetException> FailureAsync(PlanStep step, Exception error, Action<string> progress, CancellationToken cancellationToken)
    {
        var failure = error as TargetException ?? (error is EngineException engine ? DockerErrors.Explain(engine, NotMade) : new TargetException($"{NotMade}: {error.Message.TrimEnd('.')}.", retryable: true));
        progress("it failed; the containers before it are put back");
        var (isBack, told) = await _former.PutBackAsync(_aside, _made, progress, cancellationToken);

        // What the new one itself did not do, it will not do in two seconds either; each try takes the old one away for a while.
        var isItsOwn = isBack && error is TargetException && step.Resource.Kind == "service" && _aside.Exists(old => old.WasUp);
        var fix = failure.Fix ?? (isItsOwn ? $"Mend it and 'tenantry deploy {_workload.Ref.Slug}'." : null);
        return new TargetException($"{failure.Message} {told}", failure.Retryable && !isItsOwn, step.Resource, fix, error, failure.Fault);
    }
}
