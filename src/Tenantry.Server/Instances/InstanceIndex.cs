using System.Collections.Immutable;
using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>What is known of every instance, held in memory and brought up to date from the store's list of changes.</summary>
public sealed class InstanceIndex(IStore store)
{
    private const int PieceOfChanges = 1000;
    private const int PieceOfInstances = 1000;
    private const int TooManyToAskOneByOne = 200;
    private readonly Dictionary<string, ReleaseRules> rules = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim refreshing = new(1, 1);
    private ImmutableDictionary<string, InstanceEntry> entries = ImmutableDictionary<string, InstanceEntry>.Empty;
    private long seen = -1;

    /// <summary>Every instance as of the last refresh.</summary>
    public IEnumerable<InstanceEntry> All => entries.Values;

    /// <summary>True once it has been read from the store.</summary>
    public bool IsLoaded => Interlocked.Read(ref seen) >= 0;

    /// <summary>Takes in what changed. True when anything did.</summary>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        await refreshing.WaitAsync(cancellationToken);
        try
        {
            return IsLoaded ? await FollowAsync(cancellationToken) : await LoadAsync(cancellationToken);
        }
        finally
        {
            refreshing.Release();
        }
    }

    private async Task<bool> LoadAsync(CancellationToken cancellationToken)
    {
        // The number first: what changes while the list is read is read again with the next refresh.
        var newest = await store.LastChangeAsync(cancellationToken);
        var all = ImmutableDictionary.CreateBuilder<string, InstanceEntry>(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var page = await store.ListInstancesAsync(new InstanceFilter(), new PageRequest(PieceOfInstances, cursor), cancellationToken);
            foreach (var record in page.Items)
                all[record.Spec.Id] = await EntryAsync(record, cancellationToken);
            cursor = page.Next;
        }
        while (cursor is not null);
        entries = all.ToImmutable();
        Interlocked.Exchange(ref seen, newest);
        return true;
    }

    private async Task<InstanceEntry> EntryAsync(InstanceRecord record, CancellationToken cancellationToken)
    {
        // A release never changes.
        if (!rules.TryGetValue(record.Spec.Release, out var known))
            rules[record.Spec.Release] = known = await ReadRulesAsync(record.Spec.Release, cancellationToken);
        return InstanceEntry.Of(record, known.Wake) with { Limits = known.Limits.GetValueOrDefault(record.Spec.Tier) };
    }

    private async Task<ReleaseRules> ReadRulesAsync(string release, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindReleaseAsync(release, cancellationToken) is { } found ? ReleaseRules.Of(ManifestJson.Read(found.Manifest)) : ReleaseRules.None;
        }
        catch (JsonException)
        {
            // The reconciler says so in the instance's status.
            return ReleaseRules.None;
        }
    }

    private async Task<bool> FollowAsync(CancellationToken cancellationToken)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var last = seen;
        while (true)
        {
            var changes = await store.ListChangesAsync(last, PieceOfChanges, cancellationToken);
            if (changes.Count > 0 && changes[0].Sequence > last + 1)
                return await LoadAsync(cancellationToken);
            foreach (var change in changes)
            {
                last = change.Sequence;
                if (change.Kind == "instance")
                    ids.Add(change.Key);
            }
            if (ids.Count > TooManyToAskOneByOne)
                return await LoadAsync(cancellationToken);
            if (changes.Count < PieceOfChanges)
                break;
        }

        var updated = entries.ToBuilder();
        foreach (var id in ids)
        {
            if (await store.FindInstanceAsync(id, cancellationToken) is { } record)
                updated[id] = await EntryAsync(record, cancellationToken);
            else
                updated.Remove(id);
        }
        entries = updated.ToImmutable();
        Interlocked.Exchange(ref seen, last);
        return ids.Count > 0;
    }
}

/// <summary>What the gateway and the metrics need of an instance.</summary>
public sealed record InstanceEntry(
    string Id,
    string Slug,
    string Tenant,
    IReadOnlyList<string> Hosts,
    DesiredState Desired,
    InstancePhase Phase,
    InstanceHealth Health,
    Endpoint? Endpoint)
{
    /// <summary>What its release says about requests that meet it at rest.</summary>
    public WakeRules Rules { get; init; } = WakeRules.Default;

    /// <summary>What its tier lets through; null: everything.</summary>
    public RequestLimits? Limits { get; init; }

    public static InstanceEntry Of(InstanceRecord record, WakeRules? rules = null) => new(
        record.Spec.Id,
        record.Spec.Slug,
        record.Spec.Tenant,
        record.Spec.Hosts,
        record.Desired,
        record.Status.Phase,
        record.Status.Health,
        record.Status.Endpoint)
    {
        Rules = rules ?? WakeRules.Default,
    };
}

/// <summary>What a release's manifest says to the gateway.</summary>
internal sealed record ReleaseRules(WakeRules Wake, IReadOnlyDictionary<string, RequestLimits?> Limits)
{
    public static readonly ReleaseRules None = new(WakeRules.Default, new Dictionary<string, RequestLimits?>(StringComparer.Ordinal));

    public static ReleaseRules Of(Manifest manifest) => new(WakeRules.Of(manifest), manifest.Tiers.ToDictionary(tier => tier.Name, tier => tier.Requests, StringComparer.Ordinal));
}
