using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Instances;

namespace Tenantry.Server.Gateway;

/// <summary>Where requests for some host names go. A value: two equal routes lead to the same place.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Slug">Its slug.</param>
/// <param name="Tenant">Its tenant, told to the instance.</param>
/// <param name="State">Whether requests are forwarded; if not, what to say.</param>
/// <param name="Endpoint">How the instance is reached, or null while it is not.</param>
public sealed record Route(string InstanceId, string Slug, string Tenant, RouteState State, Endpoint? Endpoint)
{
    /// <summary>What its release's manifest says about requests that meet it at rest.</summary>
    public WakeRules Rules { get; init => field = value ?? WakeRules.Default; } = WakeRules.Default;

    /// <summary>What its tier lets through; null: everything.</summary>
    public RequestLimits? Limits { get; init; }

    /// <summary>The engine whose machine it is on, when that is not this gateway's; else null.</summary>
    public string? Elsewhere { get; init; }

    /// <summary>It speaks HTTP/2 without TLS; otherwise HTTP/1.1.</summary>
    public bool SpeaksHttp2 { get; init; }

    /// <summary>Names the instance's connections: another endpoint is another name, so that no connection outlives what it led to.</summary>
    [JsonIgnore]
    public string Upstream { get; private init; } = NameOf(InstanceId, Endpoint);

    /// <summary>The same route, open, to another endpoint.</summary>
    public Route OpenAt(Endpoint endpoint) => this with { State = RouteState.Open, Endpoint = endpoint, Upstream = NameOf(InstanceId, endpoint) };

    /// <summary>The route to an instance as it is now.</summary>
    public static Route To(InstanceEntry instance)
    {
        var state = StateOf(instance);
        // A frozen instance is reached as before once it is thawed: its sockets are kept.
        var isReached = state == RouteState.Open || (instance.Phase == InstancePhase.Frozen && state == RouteState.Resting);
        return new Route(instance.Id, instance.Slug, instance.Tenant, state, isReached ? instance.Endpoint : null)
        {
            Rules = instance.Rules,
            Limits = instance.Limits,
            SpeaksHttp2 = instance.SpeaksHttp2,
            Elsewhere = instance.Elsewhere,
        };
    }

    private static RouteState StateOf(InstanceEntry instance) => instance switch
    {
        { Desired: DesiredState.Deleted } or { Phase: InstancePhase.Deleting or InstancePhase.Deleted } => RouteState.Leaving,
        { Elsewhere: not null } => RouteState.Elsewhere,
        { Phase: InstancePhase.Running or InstancePhase.Updating, Endpoint: not null } => RouteState.Open,
        // A change failed for good, and what ran before it still runs.
        { Phase: InstancePhase.Failed, Desired: DesiredState.Running, Endpoint: not null } => RouteState.Open,
        { Phase: InstancePhase.Running } => RouteState.WithoutPort,
        { Phase: InstancePhase.Frozen or InstancePhase.Asleep } => RouteState.Resting,
        // So did a rest: the engine knows how deep it is in it, and brings it back for who comes.
        { Phase: InstancePhase.Failed, Desired: DesiredState.Frozen or DesiredState.Asleep, Endpoint: not null } => RouteState.Resting,
        { Phase: InstancePhase.Failed } => RouteState.Failed,
        { Phase: InstancePhase.Updating } => RouteState.Updating,
        _ => RouteState.Starting,
    };

    private static string NameOf(string instanceId, Endpoint? endpoint) => endpoint is null ? "" : $"{instanceId}-{Digest(endpoint)}".ToLowerInvariant();

    private static string Digest(Endpoint endpoint)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{endpoint.Host}\n{endpoint.Port}\n{endpoint.NamespacePid}\n{endpoint.NamespacePath}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
    }
}

/// <summary>What happens to a request for an instance.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RouteState>))]
public enum RouteState
{
    /// <summary>It is forwarded.</summary>
    Open,

    /// <summary>Not yet: it is being made.</summary>
    Starting,

    /// <summary>Not now: it is being changed.</summary>
    Updating,

    /// <summary>Not now: it is frozen or asleep.</summary>
    Resting,

    /// <summary>Not until somebody mends it.</summary>
    Failed,

    /// <summary>Not any more: it is being deleted.</summary>
    Leaving,

    /// <summary>Never: it has no http port.</summary>
    WithoutPort,

    /// <summary>Not here: it is on the machine of another engine.</summary>
    Elsewhere,
}
