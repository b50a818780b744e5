using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>What the gateway and the metrics need of every instance.</summary>
public sealed class InstanceIndex : StoreIndex<InstanceEntry>
{
    private readonly IStore store;
    private readonly Func<string?> node;
    private readonly ReleaseCache<ReleaseRules> rules;
    private Dictionary<string, string> homes = [];

    /// <param name="store">The store.</param>
    /// <param name="node">The engine on this side; null while its name is not known: then every instance counts as being here.</param>
    public InstanceIndex(IStore store, Func<string?> node)
        : base(store)
    {
        (this.store, this.node) = (store, node);
        rules = new ReleaseCache<ReleaseRules>(store, manifest => manifest is null ? ReleaseRules.None : ReleaseRules.Of(manifest));
    }

    /// <inheritdoc/>
    protected override async Task BeforeReadingAsync(CancellationToken cancellationToken) => homes = node() is { } here
        ? (await store.ListTargetsAsync(cancellationToken)).Where(target => target.Home.Length > 0 && target.Home != here).ToDictionary(target => target.Name, target => target.Home, StringComparer.Ordinal)
        : [];

    protected override bool IsSame(InstanceEntry before, InstanceEntry now) =>
        before.Hosts.SequenceEqual(now.Hosts, StringComparer.Ordinal) && before == now with { Hosts = before.Hosts };

    protected override async ValueTask<InstanceEntry> EntryAsync(InstanceRecord record, CancellationToken cancellationToken)
    {
        var known = await rules.FindAsync(record.Spec.Release, cancellationToken);
        return InstanceEntry.Of(record, known.Wake) with
        {
            Limits = known.Limits.GetValueOrDefault(record.Spec.Tier),
            SpeaksHttp2 = known.SpeaksHttp2,
            Elsewhere = homes.GetValueOrDefault(record.Spec.Target),
        };
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

    /// <summary>Its entry port speaks HTTP/2 without TLS, and nothing else.</summary>
    public bool SpeaksHttp2 { get; init; }

    /// <summary>The engine whose machine it is on, when that is not the one on this side.</summary>
    public string? Elsewhere { get; init; }

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
internal sealed record ReleaseRules(WakeRules Wake, IReadOnlyDictionary<string, RequestLimits?> Limits, bool SpeaksHttp2)
{
    public static readonly ReleaseRules None = new(WakeRules.Default, new Dictionary<string, RequestLimits?>(StringComparer.Ordinal), SpeaksHttp2: false);

    public static ReleaseRules Of(Manifest manifest) => new(
        WakeRules.Of(manifest),
        manifest.Tiers.ToDictionary(tier => tier.Name, tier => tier.Requests, StringComparer.Ordinal),
        manifest.EntryPort()?.Protocol == PortProtocol.H2c);
}
