using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Instances;
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
        return new SleepEntry(
            record, manifest?.FindTier(record.Spec.Tier)?.Sleep ?? manifest?.Sleep, manifest?.Busy ?? new BusyDefinition(), manifest?.Entry);
    }
}

/// <summary>An instance and what is said about its rest.</summary>
public sealed record SleepEntry(InstanceRecord Record, SleepPolicy? Policy, BusyDefinition Busy, string? EntryService)
{
    // One that a person put to rest goes back to it when the request that woke it was served.
    private static readonly TimeSpan BackToRest = TimeSpan.FromMinutes(5);

    /// <summary>The policy that counts now, or null: it never rests by itself.</summary>
    public SleepPolicy? PolicyNow => Record.Spec.Desired switch
    {
        DesiredState.Asleep => Own is { After: null, FreezeAfter: null } ? Own with { After = BackToRest } : Own,
        DesiredState.Frozen => Own is { After: null, FreezeAfter: null } ? Own with { FreezeAfter = BackToRest } : Own,
        _ => Policy,
    };

    // Hours in which the app is kept awake do not wake what a person put to rest.
    private SleepPolicy Own => (Policy ?? new SleepPolicy()) with { Awake = [] };
}
