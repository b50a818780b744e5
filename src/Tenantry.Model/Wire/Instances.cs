using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;

namespace Tenantry.Model.Wire;

/// <summary>Body of <c>POST /v1/instances</c>.</summary>
/// <param name="Tenant">A tenant that exists, or the name of <paramref name="NewTenant"/>.</param>
/// <param name="App">An app that was applied.</param>
/// <param name="Environment"><c>prod</c> when null.</param>
/// <param name="Target">May be null while one target alone is configured.</param>
/// <param name="Tier">The manifest's default tier when null.</param>
/// <param name="Release">The app's newest when null.</param>
/// <param name="Slug">Derived from tenant, app and environment when null.</param>
/// <param name="Hosts">Further host names that lead to it.</param>
/// <param name="Features">Values of the manifest's features, as text.</param>
/// <param name="NewTenant">The tenant is made from this with the instance when there is none of that name; nothing is made when the instance is refused.</param>
/// <param name="LlmLimit">What its LLM keys may spend, in place of the tier's limit; in USD, whole cents.</param>
/// <param name="OwnLlmKeys">True: no LLM key is made for it; a person gives them as secrets.</param>
/// <param name="Down">True: it is made, not started and held down, so that nothing wakes it until it is released; for data that is to be there before the app runs.</param>
/// <param name="Adopt">What is there for it already: taken over instead of made, where the target can; the platform's to say.</param>
public sealed record CreateInstanceRequest(
    string Tenant,
    string App,
    string? Environment = null,
    string? Target = null,
    string? Tier = null,
    string? Release = null,
    string? Slug = null,
    IReadOnlyList<string>? Hosts = null,
    IReadOnlyDictionary<string, string>? Features = null,
    CreateTenantRequest? NewTenant = null,
    MoneyResponse? LlmLimit = null,
    bool OwnLlmKeys = false,
    bool Down = false,
    AdoptRequest? Adopt = null);

/// <summary>Body of <c>PATCH /v1/instances/{slug}</c>: what is null stays as it is.</summary>
/// <param name="Tier">A tier of the wanted release.</param>
/// <param name="Release">A release of the app: a deployment. <c>latest</c> is its newest.</param>
/// <param name="Hosts">All further host names; an empty list takes them away.</param>
/// <param name="Features">Merged into the present ones; a null value goes back to the manifest's default.</param>
/// <param name="Target">Refused unless it is the present one: an instance is not moved by an update.</param>
public sealed record UpdateInstanceRequest(
    string? Tier = null,
    string? Release = null,
    IReadOnlyList<string>? Hosts = null,
    IReadOnlyDictionary<string, string?>? Features = null,
    string? Target = null);

/// <summary>An instance in a list: the fields that scripts rely on, and no others.</summary>
public record InstanceResponse
{
    public required string Slug { get; init; }

    public required string Tenant { get; init; }

    public required string Organization { get; init; }

    public required string Environment { get; init; }

    public required string App { get; init; }

    public required string Target { get; init; }

    public required string Tier { get; init; }

    /// <summary>Id of the wanted release.</summary>
    public required string Release { get; init; }

    public required InstancePhase Phase { get; init; }

    public required InstanceHealth Health { get; init; }

    /// <summary>Why it is so; empty when all is well.</summary>
    public required string Reason { get; init; }

    /// <summary>Where it answers, or null when no gateway is known.</summary>
    public required string? Url { get; init; }

    /// <summary>Grows with every change of what is wanted; its ETag.</summary>
    public required long Generation { get; init; }

    /// <summary>The generation that phase, health and reason answer to.</summary>
    public required long ObservedGeneration { get; init; }

    /// <summary>Differences between what is wanted and what was seen.</summary>
    public required IReadOnlyList<DriftItem> Drift { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The last wake, or null. Durations in seconds.</summary>
    public required WakeRecord? Wake { get; init; }
}

/// <summary>Answer to <c>GET /v1/fleet</c>: how many instances a list with the same filters would have.</summary>
/// <param name="Total">All of them.</param>
/// <param name="Phases">By phase; phases in which there is none are left out.</param>
/// <param name="Unhealthy">Whose health checks fail.</param>
/// <param name="Drifted">Of which something differs from what is wanted.</param>
public sealed record FleetResponse(int Total, IReadOnlyDictionary<string, int> Phases, int Unhealthy, int Drifted);

/// <summary>What an instance costs a month by list prices, in <c>GET /v1/fleet/costs</c>.</summary>
/// <param name="Slug">Which one.</param>
/// <param name="Monthly">When it is never asleep.</param>
/// <param name="MonthlyAsleep">When it always is.</param>
/// <param name="Source">Where the prices are from, and what is not exact.</param>
public sealed record InstanceCostResponse(string Slug, MoneyResponse Monthly, MoneyResponse MonthlyAsleep, string Source);

/// <summary>One instance with everything that is known of it.</summary>
public sealed record InstanceDetailResponse : InstanceResponse
{
    /// <summary>Read from JSON.</summary>
    [JsonConstructor]
    public InstanceDetailResponse()
    {
    }

    /// <summary>With what a list says of it; the rest is set by whoever makes it.</summary>
    [SetsRequiredMembers]
    public InstanceDetailResponse(InstanceResponse inList)
        : base(inList)
    {
        (Id, Hosts, Features, Resources, Conditions) = ("", [], new Dictionary<string, string>(StringComparer.Ordinal), [], []);
    }

    /// <summary>Unique for all time.</summary>
    public required string Id { get; init; }

    public required DesiredState Desired { get; init; }

    /// <summary>Whether a person keeps it awake or down.</summary>
    public InstanceHold Hold { get; init; }

    /// <summary>Why it rests or is awake: the last decision of the engine, such as <c>idle for 4 min, freezes in 6 min</c>; null when none is known.</summary>
    public string? Rest { get; init; }

    /// <summary>How long its wakes took, by depth.</summary>
    public IReadOnlyList<WakeSummaryResponse> Wakes { get; init; } = [];

    /// <summary>Id of the release that was seen running, or null.</summary>
    public required string? RunningRelease { get; init; }

    public required IReadOnlyList<string> Hosts { get; init; }

    public required IReadOnlyDictionary<string, string> Features { get; init; }

    public required IReadOnlyList<ResourceResponse> Resources { get; init; }

    public required IReadOnlyList<Condition> Conditions { get; init; }

    /// <summary>Passes that failed in a row.</summary>
    public required int Failures { get; init; }

    /// <summary>When phase, health or reason last changed.</summary>
    public required DateTimeOffset ChangedAt { get; init; }
}

/// <summary>One thing that a target holds for an instance.</summary>
public sealed record ResourceResponse(string Kind, string Name, string State, string Detail)
{
    /// <summary>The resource as it crosses the wire.</summary>
    public static ResourceResponse Of(ResourceObservation seen) => new(seen.Resource.Kind, seen.Resource.Name, seen.State, seen.Detail);
}

/// <summary>What an instance uses now. Bytes, seconds of CPU since its start, processes and threads; null: not known on its target.</summary>
public sealed record StatsResponse(
    string Slug,
    DateTimeOffset At,
    double? CpuSeconds,
    long? MemoryBytes,
    long? MemoryLimitBytes,
    int? Pids,
    long? DiskBytes,
    long? ReceivedBytes,
    long? SentBytes,
    int Restarts);

/// <summary>One line of <c>GET /v1/instances/{slug}/logs</c>, which is a stream of JSON objects, one a line.</summary>
/// <param name="At">When it was printed.</param>
/// <param name="Service">By which service.</param>
/// <param name="Stream"><c>stdout</c> or <c>stderr</c>.</param>
/// <param name="Text">The line without its end.</param>
public sealed record LogLineResponse(DateTimeOffset At, string Service, string Stream, string Text);
