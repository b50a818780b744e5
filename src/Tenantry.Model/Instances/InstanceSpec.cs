using Tenantry.Model.Llm;

namespace Tenantry.Model.Instances;

/// <summary>What is wanted of an instance. Only the API writes it.</summary>
/// <param name="Id">Opaque, lower-case, unique for all time: a slug may be used again, an id is not.</param>
/// <param name="Slug">The DNS label under which the gateway serves it; unique in the store.</param>
/// <param name="Tenant">The tenant's name.</param>
/// <param name="Organization">The tenant's organization.</param>
/// <param name="App">The app's name.</param>
/// <param name="Environment"><c>prod</c> unless said.</param>
/// <param name="Target">Name of the configured target.</param>
/// <param name="Tier">Name of a tier in the release's manifest.</param>
/// <param name="Release">Id of the wanted release.</param>
/// <param name="Hosts">Further host names that lead to it, lower case, without a port.</param>
/// <param name="Features">Values for the manifest's features, by name.</param>
/// <param name="Desired">What the instance should be doing.</param>
/// <param name="RestartNonce">Grows when a restart is asked for; a target that sees another value restarts the services.</param>
/// <param name="Generation">1 when created, one more with every change of any other field.</param>
/// <param name="CreatedAt">When it was asked for.</param>
public sealed record InstanceSpec(
    string Id,
    string Slug,
    string Tenant,
    string Organization,
    string App,
    string Environment,
    string Target,
    string Tier,
    string Release,
    IReadOnlyList<string> Hosts,
    IReadOnlyDictionary<string, string> Features,
    DesiredState Desired,
    long RestartNonce,
    long Generation,
    DateTimeOffset CreatedAt)
{
    /// <summary>Whether a person keeps it awake or down, whatever the sleep policy and requests say.</summary>
    public InstanceHold Hold { get; init; }

    /// <summary>What a person wants of its LLM keys.</summary>
    public LlmWish Llm { get; init; } = LlmWish.None;
}

/// <summary>A person's word over sleep policy and requests.</summary>
public enum InstanceHold
{
    None,

    /// <summary>It is not put to rest because it is idle.</summary>
    Awake,

    /// <summary>No request wakes it.</summary>
    Down,
}

/// <summary>What an instance should be doing.</summary>
public enum DesiredState
{
    /// <summary>Answering requests.</summary>
    Running,

    /// <summary>In memory, without CPU.</summary>
    Frozen,

    /// <summary>Stopped, data kept.</summary>
    Asleep,

    /// <summary>Gone, with all its data.</summary>
    Deleted,
}
