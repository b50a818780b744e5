using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;

namespace Tenantry.Server.Sleeping;

/// <summary>Every instance with what its release says about rest, held in memory.</summary>
public sealed class SleepIndex : StoreIndex<SleepEntry>
{
    private readonly ReleaseCache<Manifest?> manifests;

    public SleepIndex(IStore store)
        : base(store) => manifests = new ReleaseCache<Manifest?>(store, manifest => manifest);

    // Nobody rests by a policy that cannot be read.
    protected override async ValueTask<SleepEntry> EntryAsync(InstanceRecord record, CancellationToken cancellationToken)
    {
        var manifest = await manifests.FindAsync(record.Spec.Release, cancellationToken);
        return new SleepEntry(record, SleepEntry.PolicyOf(manifest, record.Spec.Tier), manifest?.Busy ?? new BusyDefinition(), manifest?.Entry);
    }
}

/// <summary>An instance and what is said about its rest.</summary>
public sealed record SleepEntry(InstanceRecord Record, SleepPolicy? Policy, BusyDefinition Busy, string? EntryService)
{
    // One that a person put to rest goes back to it when the request that woke it was served.
    private static readonly TimeSpan BackToRest = TimeSpan.FromMinutes(5);

    /// <summary>What a release says about the rest of its instances in that tier.</summary>
    internal static SleepPolicy? PolicyOf(Manifest? manifest, string tier) => manifest?.FindTier(tier)?.Sleep ?? manifest?.Sleep;

    /// <summary>What it does: a decision that was not carried out yet changed nothing.</summary>
    public DesiredState Present =>
        Record is { Status.Phase: InstancePhase.Running, Rest: not null, Spec.Desired: not DesiredState.Deleted } ? DesiredState.Running : Record.Desired;

    /// <summary>Settled in what it should be doing, and the engine may decide about it.</summary>
    public bool IsFree => Record.Spec.Hold != InstanceHold.Down && Record.Status.ObservedGeneration == Record.Spec.Generation &&
        (Present, Record.Status.Phase) switch
        {
            (DesiredState.Running, InstancePhase.Running) => Record.Status.Health == InstanceHealth.Healthy && !IsRefused(Record.Status),
            (DesiredState.Frozen, InstancePhase.Frozen) or (DesiredState.Asleep, InstancePhase.Asleep) => true,
            _ => false,
        };

    /// <summary>At rest by a person's word, which no request has ended yet.</summary>
    public bool IsAtRestByWord => Record.Rest is null && Present is DesiredState.Asleep or DesiredState.Frozen;

    /// <summary>The policy that counts at that time, or null: it never rests by itself.</summary>
    public SleepPolicy? PolicyAt(DateTimeOffset now)
    {
        if (Record.Spec.Desired is not (DesiredState.Asleep or DesiredState.Frozen))
            return Policy;
        var own = Policy ?? new SleepPolicy();
        if (own is { After: null, FreezeAfter: null })
            own = Record.Spec.Desired == DesiredState.Asleep ? own with { After = BackToRest } : own with { FreezeAfter = BackToRest };
        // What a person put to rest is woken by no hours in which that was said, and kept awake by them once a request woke it.
        var hoursCount = Present == DesiredState.Running || AwakeHours.BeganAfter(own.Awake, now, Record.SaidAt ?? Record.Spec.CreatedAt);
        return hoursCount ? own : own with { Awake = [] };
    }

    // As long as a secret of it is missing, say, nothing that is decided is carried out.
    private static bool IsRefused(InstanceStatus status) => status.Failures == 0 && status.Conditions.Any(condition => condition is { Type: StatusOf.Ready, Value: false });
}
