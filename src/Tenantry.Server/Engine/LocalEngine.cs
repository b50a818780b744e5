using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Metrics;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Secrets;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;
using Tenantry.Server.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Engine;

/// <summary>What the engine does for the api and the gateway, in the engine's own process.</summary>
public sealed class LocalEngine(
    IStore store,
    InstanceLookup instances,
    TargetSet targets,
    WorkloadSource workloads,
    IProvidedKeys keys,
    Reconciler reconciler,
    OrphanSweep orphans,
    ChangeSignal changes,
    Action<string> poke,
    WakeDesk wakes,
    Sleeper sleeper,
    GatewayHub gateways,
    InstanceCommands commands,
    EngineSecrets secrets,
    IReadOnlyList<IMetricSource> metrics) : IEngineLink
{
    private const string TakeOver = "take over what another tool made";

    /// <inheritdoc/>
    public async Task<SafeSocketHandle> OpenSocketAsync(string instanceId, CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        var endpoint = wakes.EndpointOf(instanceId) ?? record.Status.Endpoint ?? throw new TargetException($"'{record.Spec.Slug}' does not run now.", retryable: true);
        return await Power<ISockets>(target, "make sockets inside an instance").OpenSocketAsync(endpoint, cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogLine> ReadLogsAsync(string instanceId, LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        await foreach (var line in Power<ILogs>(target, "read logs").ReadLogsAsync(Ref(record), request, cancellationToken))
            yield return line;
    }

    /// <inheritdoc/>
    public async Task<InstanceStats> ReadStatsAsync(string instanceId, CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        return await Power<IStats>(target, "count what an instance uses").ReadStatsAsync(Ref(record), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<int> ExecAsync(string instanceId, ExecRequest request, CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        var exec = Power<IExec>(target, "run commands inside an instance");
        return await commands.RunAsync(instanceId, () => exec.ExecAsync(Ref(record), request, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task ExportAsync(string instanceId, Stream output, CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        await Power<IData>(target, "hand out data").ExportAsync(Ref(record), output, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task ImportAsync(string instanceId, Stream input, CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        var data = Power<IData>(target, "take in data");
        // Volumes are away for a moment: nobody may take that for drift and repair it.
        await reconciler.AloneAsync(instanceId, token => data.ImportAsync(Ref(record), input, token), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Plan> PlanAsync(PlanQuestion question, CancellationToken cancellationToken)
    {
        var spec = question.Spec;
        if (question.NewTarget is { } record)
        {
            await using var made = targets.MakeApart(record);
            var nothing = InstanceObservation.Absent(new InstanceRef(spec.Id, spec.Slug, store.Owner));
            return await WithKeysAsync(spec, await made.PlanAsync(await PreviewAsync(question, cancellationToken), nothing, cancellationToken), cancellationToken);
        }

        var (target, _) = await targets.GetAsync(spec.Target, cancellationToken);
        var reference = new InstanceRef(spec.Id, spec.Slug, store.Owner);
        var seen = await target.ObserveAsync(reference, cancellationToken);
        if (spec.Desired == DesiredState.Deleted)
            return await WithKeysAsync(spec, new Plan([.. seen.Resources.Reverse().Select(resource => new PlanStep(resource.Resource, StepAction.Delete, "the instance is deleted"))]), cancellationToken);
        var workload = await PreviewAsync(question, cancellationToken);
        if (question.Adopt is { } source)
            return await WithKeysAsync(spec, await Power<IAdopt>(target, TakeOver).PlanAdoptionAsync(workload, source, cancellationToken), cancellationToken);
        var plan = await target.PlanAsync(workload, seen, cancellationToken);
        var own = spec.Desired switch
        {
            DesiredState.Asleep when seen.State is ObservedState.Running or ObservedState.Frozen => Only(spec, StepAction.Stop, "it is put to sleep"),
            DesiredState.Frozen when seen.State == ObservedState.Running => Only(spec, StepAction.Freeze, "it is frozen"),
            DesiredState.Asleep or DesiredState.Frozen when seen.WorkloadDigest == workload.Digest => Plan.Nothing,
            _ => plan,
        };
        return await WithKeysAsync(spec, own, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task OfferAsync(PlanQuestion question, CancellationToken cancellationToken)
    {
        var (target, _) = await targets.GetAsync(question.Spec.Target, cancellationToken);
        await Power<IAdopt>(target, TakeOver).OfferAsync(await PreviewAsync(question, cancellationToken), question.Adopt!, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<StateHolder?> FindHolderAsync(string instanceId, CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        return await Power<IStateLocks>(target, "be held by somebody else").FindHolderAsync(Ref(record), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task BreakHoldAsync(string instanceId, string hold, CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        await Power<IStateLocks>(target, "be held by somebody else").BreakHoldAsync(Ref(record), hold, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LookedAt>> LookAsync(string instanceId, CancellationToken cancellationToken)
    {
        var (target, record) = await instances.FindAsync(instanceId, cancellationToken);
        return target is ILooks looks ? await looks.LookAsync(Ref(record), cancellationToken) : [];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ActualCost>> ReadCostsAsync(CostQuestion question, CancellationToken cancellationToken)
    {
        var (target, _) = await targets.GetAsync(question.Target, cancellationToken);
        return await Power<IActualCosts>(target, "tell what instances cost").ReadCostsAsync(store.Owner, question.Month, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ProbeReport> ProbeAsync(string target, CancellationToken cancellationToken)
    {
        var (found, _) = await targets.GetAsync(target, cancellationToken);
        return await found.ProbeAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task AdoptTargetAsync(string target, CancellationToken cancellationToken) => targets.AdoptAsync(target, cancellationToken);

    /// <inheritdoc/>
    public Task<OrphanReport> ListOrphansAsync(CancellationToken cancellationToken) => orphans.ListAsync(cancellationToken);

    /// <inheritdoc/>
    public Task RemoveOrphanAsync(Orphan orphan, CancellationToken cancellationToken) => orphans.RemoveAsync(orphan, cancellationToken);

    /// <inheritdoc/>
    public Task PokeAsync(string instanceId, CancellationToken cancellationToken)
    {
        poke(instanceId);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<WakeAnswer> WakeAsync(string instanceId, WakeRequest request, CancellationToken cancellationToken) => wakes.WakeAsync(instanceId, request, cancellationToken);

    /// <inheritdoc/>
    public Task<string> ReadRestReasonAsync(string instanceId, CancellationToken cancellationToken) => Task.FromResult(sleeper.ReasonOf(instanceId) ?? "");

    /// <inheritdoc/>
    public IAsyncEnumerable<GateOrder> AttendAsync(ChannelReader<GateReport> reports, CancellationToken cancellationToken) =>
        gateways.AttendAsync(reports, cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]> EnsureDataKeyAsync(string holder, CancellationToken cancellationToken) => secrets.Vault.EnsureKeyAsync(holder, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ExportedSecret>> ExportSecretsAsync(string instanceId, byte[] recipient, CancellationToken cancellationToken) =>
        secrets.ExportAsync(instanceId, recipient, cancellationToken);

    /// <inheritdoc/>
    public Task<RekeyReport> RekeyAsync(CancellationToken cancellationToken) =>
        // Begun, it goes to its end: whoever asked may have gone.
        secrets.Rekey.RunAsync(CancellationToken.None);

    /// <inheritdoc/>
    public async Task<string> ReadMetricsAsync(CancellationToken cancellationToken)
    {
        var text = new PrometheusText();
        foreach (var source in metrics)
            await source.WriteAsync(text, cancellationToken);
        return text.ToString();
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<long> WatchAsync(CancellationToken cancellationToken) => changes.WatchAsync(cancellationToken);

    // Keys come before what uses them, and go after it.
    private async Task<Plan> WithKeysAsync(InstanceSpec spec, Plan plan, CancellationToken cancellationToken)
    {
        var steps = await keys.PlanAsync(spec, cancellationToken);
        return steps.Count == 0 ? plan : plan with { Steps = spec.Desired == DesiredState.Deleted ? [.. plan.Steps, .. steps] : [.. steps, .. plan.Steps] };
    }

    private static Plan Only(InstanceSpec spec, StepAction action, string why) => new([new PlanStep(new ResourceName("instance", spec.Slug), action, why)]);

    private async Task<InstanceWorkload> PreviewAsync(PlanQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            return await workloads.PreviewAsync(question.Spec, question.NewTenant, question.Release, cancellationToken);
        }
        catch (WorkloadRefusedException refusal)
        {
            throw new TargetException(refusal.Message, retryable: false, cause: refusal);
        }
    }

    private InstanceRef Ref(InstanceRecord record) => new(record.Spec.Id, record.Spec.Slug, store.Owner);

    private static T Power<T>(ITarget target, string what)
        where T : class => target as T ?? throw new NotSupportedException($"Target '{target.Name}' (kind {target.Kind}) cannot {what}.");
}
