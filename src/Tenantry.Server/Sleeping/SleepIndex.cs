using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Sleeping;

/// <summary>Every instance with what its release says about rest, held in memory.</summary>
public sealed class SleepIndex : StoreIndex<SleepEntry>
{
    private readonly IStore store;
    private readonly Dictionary<string, Manifest?> manifests = new(StringComparer.Ordinal);

    public SleepIndex(IStore store)
        : base(store) => this.store = store;

    protected override async ValueTask<SleepEntry> EntryAsync(InstanceRecord record, CancellationToken cancellationToken)
    {
        if (!manifests.TryGetValue(record.Spec.Release, out var manifest))
            manifests[record.Spec.Release] = manifest = await ReadAsync(record.Spec.Release, cancellationToken);
        return new SleepEntry(
            record, manifest?.FindTier(record.Spec.Tier)?.Sleep ?? manifest?.Sleep, manifest?.Busy ?? new BusyDefinition(), manifest?.Entry);
    }

    private async Task<Manifest?> ReadAsync(string release, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindReleaseAsync(release, cancellationToken) is { } found ? ManifestJson.Read(found.Manifest) : null;
        }
        catch (JsonException)
        {
            // The reconciler says so in the instance's status; nobody rests by a policy that cannot be read.
            return null;
        }
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
