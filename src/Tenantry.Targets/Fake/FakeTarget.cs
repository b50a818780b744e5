using System.Runtime.CompilerServices;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Fake;

/// <summary>
/// A scriptable target without an outside: it fails, hangs, loses things, lies and is slow on demand. It drives the reconciler's own
/// tests and the benchmark with 10,000 instances.
/// </summary>
public sealed class FakeTarget(TargetContext context, FakeWorld world, FakeScript script) : ITarget, IFreeze, IResize, ILogs, IStats, IExec, IData, IReleases
{
    private readonly FakePowers powers = new(world, context.Time);

    /// <summary>Line of the catalogue: every target made by it has an empty world of its own.</summary>
    public static TargetKind CatalogLine { get; } = new(
        "fake",
        "Nothing outside: for tests and for trying the commands",
        new Dictionary<string, string>(StringComparer.Ordinal),
        made => new FakeTarget(made, new FakeWorld(), new FakeScript()))
    {
        Capabilities = TargetCapabilities.Of<FakeTarget>(),
    };

    /// <inheritdoc/>
    public string Kind => "fake";

    /// <inheritdoc/>
    public string Name => context.Name;

    /// <inheritdoc/>
    public async Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken)
    {
        await ReactAsync(FakeCall.Probe, new InstanceRef("", "", context.Owner), cancellationToken);
        return new ProbeReport(true, [new ProbeFinding("fake", ProbeLevel.Ok, "It needs nothing.")]);
    }

    /// <inheritdoc/>
    public async Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken)
    {
        await ReactAsync(FakeCall.Plan, workload.Ref, cancellationToken);
        return FakePlan.Make(workload, seen, world.Read(workload.Ref.Id, known => known?.RestDigest));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StepEvent> ApplyAsync(
        Plan plan, InstanceWorkload workload, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var work = world.Work(workload.Ref);
        foreach (var step in plan.Steps)
        {
            yield return new StepEvent(step.Resource, step.Action, StepState.Started);
            var reaction = await ReactAsync(FakeCall.Step, workload.Ref, cancellationToken);
            if (reaction is not FakeReaction.Lie)
                Take(step, workload);
            ThrowIfAfter(reaction);
            yield return new StepEvent(step.Resource, step.Action, StepState.Done);
        }

        if (world.Read(workload.Ref.Id, known => known is not null && known.Resources.Count == FakePlan.Resources(workload).Count))
            Settle(workload);
    }

    /// <inheritdoc/>
    public async Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        await ReactAsync(FakeCall.Observe, instance, cancellationToken);
        return world.Read(instance.Id, known => known is null ? InstanceObservation.Absent(instance) : Observation(instance, known));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        TurnAsync(instance, FakeCall.Stop, StepAction.Stop, ObservedState.Stopped, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StepEvent> FreezeAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        if (world.Read(instance.Id, known => known?.State is not (ObservedState.Running or ObservedState.Frozen)))
            throw FakeScript.Failure($"'{instance.Slug}' does not run, so it cannot be frozen.", retryable: true);
        return TurnAsync(instance, FakeCall.Freeze, StepAction.Freeze, ObservedState.Frozen, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) =>
        TurnAsync(workload.Ref, FakeCall.Wake, StepAction.Start, ObservedState.Running, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var work = world.Work(instance);
        foreach (var resource in world.Read(instance.Id, known => known?.Resources.ToArray().Reverse().ToArray()) ?? [])
        {
            yield return new StepEvent(resource, StepAction.Delete, StepState.Started);
            var reaction = await ReactAsync(FakeCall.Delete, instance, cancellationToken);
            if (reaction is not FakeReaction.Lie)
                world.Remove(instance.Id, resource);
            ThrowIfAfter(reaction);
            yield return new StepEvent(resource, StepAction.Delete, StepState.Done);
        }

        if (world.Read(instance.Id, known => known?.Resources is []))
            world.Vanish(instance.Id);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) =>
        Task.FromResult(world.OwnedBy(owner));

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ListKeptReleasesAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([.. world.KeptReleases.Keys]);

    /// <inheritdoc/>
    public Task ForgetReleaseAsync(string release, CancellationToken cancellationToken)
    {
        if (world.KeptReleases.TryGetValue(release, out var isInUse) && isInUse)
            throw new TargetException($"Something of release {release} is in use.", retryable: true);
        world.KeptReleases.TryRemove(release, out _);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public bool CanResizeInPlace(ResourceLimits from, ResourceLimits to) => from.Runtime == to.Runtime;

    /// <inheritdoc/>
    public IAsyncEnumerable<LogLine> ReadLogsAsync(InstanceRef instance, LogRequest request, CancellationToken cancellationToken) =>
        powers.ReadLogsAsync(instance, request, cancellationToken);

    /// <inheritdoc/>
    public Task<InstanceStats> ReadStatsAsync(InstanceRef instance, CancellationToken cancellationToken) => Task.FromResult(powers.ReadStats(instance));

    /// <inheritdoc/>
    public Task<int> ExecAsync(InstanceRef instance, ExecRequest request, CancellationToken cancellationToken) =>
        powers.ExecAsync(instance, request, cancellationToken);

    /// <inheritdoc/>
    public Task ExportAsync(InstanceRef instance, Stream output, CancellationToken cancellationToken) => powers.ExportAsync(instance, output, cancellationToken);

    /// <inheritdoc/>
    public Task ImportAsync(InstanceRef instance, Stream input, CancellationToken cancellationToken) => powers.ImportAsync(instance, input, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static InstanceObservation Observation(InstanceRef instance, FakeInstance known)
    {
        var whole = known.Resources.Count == known.ExpectedResources && known.Digest is not null;
        var state = whole ? known.State : ObservedState.Partial;
        return new InstanceObservation
        {
            Ref = instance,
            State = state,
            Health = state == ObservedState.Running ? InstanceHealth.Healthy : InstanceHealth.Unknown,
            WorkloadDigest = known.Digest,
            RestartNonce = known.RestartNonce,
            Release = known.Release,
            Resources = [.. known.Resources.Select(resource => new ResourceObservation(resource, "there"))],
            Endpoint = state == ObservedState.Running && known.Port is { } port ? new Endpoint("127.0.0.1", port) : null,
            Trouble = known.Trouble,
        };
    }

    private void Take(PlanStep step, InstanceWorkload workload)
    {
        switch (step.Action)
        {
            case StepAction.Create:
                world.Create(workload.Ref, step.Resource);
                break;
            case StepAction.Delete:
                world.Remove(workload.Ref.Id, step.Resource);
                break;
            default:
                break;
        }

        if (step.Resource.Kind == "service")
        {
            var service = step.Resource.Name[(workload.Ref.Slug.Length + 1)..];
            world.Change(workload.Ref, known => known.Log.Add((context.Time.GetUtcNow(), service, $"{service} started")));
        }
    }

    private void Settle(InstanceWorkload workload) => world.Change(workload.Ref, known =>
    {
        known.Digest = workload.Digest;
        known.RestDigest = FakePlan.Rest(workload);
        known.Limits = workload.Limits;
        known.Release = workload.Release.Id;
        known.RestartNonce = workload.RestartNonce;
        known.ExpectedResources = known.Resources.Count;
        known.Services = workload.Services.Count;
        known.Port = workload.EntryPort;
        known.State = ObservedState.Running;
        known.Trouble = null;
    });

    private async IAsyncEnumerable<StepEvent> TurnAsync(
        InstanceRef instance, FakeCall call, StepAction action, ObservedState state, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var work = world.Work(instance);
        if (world.Read(instance.Id, known => known is null || known.State == state))
            yield break;
        var resource = new ResourceName("instance", instance.Slug);
        yield return new StepEvent(resource, action, StepState.Started);
        var reaction = await ReactAsync(call, instance, cancellationToken);
        if (reaction is not FakeReaction.Lie && world.Read(instance.Id, known => known is not null))
            world.Change(instance, known => known.State = state);
        ThrowIfAfter(reaction);
        yield return new StepEvent(resource, action, StepState.Done);
    }

    private static void ThrowIfAfter(FakeReaction? reaction)
    {
        if (reaction is FakeReaction.FailAfter fail)
            throw FakeScript.Failure(fail.Message, retryable: true);
    }

    private async Task<FakeReaction?> ReactAsync(FakeCall call, InstanceRef instance, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var reaction = script.For(call, instance.Id);
        switch (reaction)
        {
            case FakeReaction.Fail fail:
                throw FakeScript.Failure(fail.Message, fail.Retryable);
            case FakeReaction.Hang:
                await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellationToken);
                break;
            case FakeReaction.Vanish:
                world.Vanish(instance.Id);
                break;
            case FakeReaction.Slow slow:
                await Task.Delay(slow.Time, context.Time, cancellationToken);
                break;
            default:
                break;
        }

        return reaction;
    }
}
