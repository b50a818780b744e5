using System.Text.Json.Serialization;
using Tenantry.Model.Manifests;

namespace Tenantry.Model.Wire;

/// <summary>A body that holds what nobody may read: mistakes in it are told without a word of it.</summary>
public interface IHoldsSecret;

/// <summary>Body of <c>PUT …/secrets/{name}</c>. The value can be written and never read.</summary>
public sealed record PutSecretRequest(string Value) : IHoldsSecret
{
    /// <summary>Keeps the value out of logs.</summary>
    public override string ToString() => "PutSecretRequest";
}

/// <summary>Body of <c>PATCH …/secrets</c>: all of these values or, when one is refused, none; the instances that use them change once.</summary>
/// <param name="Values">By the secrets' names.</param>
/// <param name="Scopes">Levels by the secrets' names, for those that are to be kept at another level than the request's.</param>
public sealed record PutSecretsRequest(IReadOnlyDictionary<string, string> Values, IReadOnlyDictionary<string, SecretScope>? Scopes = null) : IHoldsSecret
{
    /// <summary>Keeps the values out of logs.</summary>
    public override string ToString() => "PutSecretsRequest";
}

/// <summary>Body of <c>POST …/secrets/{name}/rollback</c>.</summary>
/// <param name="Version">The version whose value shall be in force again, as a new version.</param>
public sealed record RollBackSecretRequest(long Version);

/// <summary>Body of <c>POST /v1/instances/{slug}/secrets/export</c>.</summary>
/// <param name="PublicKey">A public key of P-256 in PEM; who has its private half can read the export.</param>
public sealed record ExportSecretsRequest(string PublicKey);

/// <summary>Values in force, sealed: ECDH P-256 with a fresh key each, HKDF-SHA-256, AES-256-GCM.</summary>
/// <param name="Format"><c>tenantry-secrets/1</c>.</param>
/// <param name="App">The app whose secrets they are; bound into each seal, as the name is.</param>
/// <param name="Slug">The instance that they were in force for.</param>
/// <param name="Secrets">One for each value.</param>
public sealed record ExportSecretsResponse(string Format, string App, string Slug, IReadOnlyList<ExportedSecretResponse> Secrets);

/// <summary>One sealed value.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Scope">The level that it was at.</param>
/// <param name="Sealed">Base64.</param>
public sealed record ExportedSecretResponse(string Name, SecretScope Scope, string Sealed);

/// <summary>What came of <c>POST /v1/secrets/rekey</c>.</summary>
/// <param name="DataKeys">How many data keys were put under the new engine key.</param>
/// <param name="Mark">Tells the new key from others; no secret.</param>
public sealed record RekeyResponse(int DataKeys, string Mark);

/// <summary>A secret that the release declares. <paramref name="Version"/> is 0 and <paramref name="ChangedAt"/> null while it has no value.</summary>
/// <param name="Name">As the manifest names it.</param>
/// <param name="Set">Whether a value is in force.</param>
/// <param name="Required">Whether the instance waits for it.</param>
/// <param name="Generated">Whether Tenantry made the value, or will.</param>
/// <param name="Version">Of the value in force, at its level.</param>
/// <param name="ChangedAt">When that version was written.</param>
/// <param name="Prompt">What a person is asked for.</param>
public record SecretResponse(string Name, bool Set, bool Required, bool Generated, long Version, DateTimeOffset? ChangedAt, string? Prompt)
{
    /// <summary>The widest level at which a value may be kept.</summary>
    public SecretScope Scope { get; init; } = SecretScope.Instance;

    /// <summary>The level of the value in force; null while there is none.</summary>
    public SecretScope? From { get; init; }

    /// <summary>True when the value in force is that of a wider level than the one that was asked for.</summary>
    public bool Inherited { get; init; }

    /// <summary>When an earlier value was last replaced; null while the first one is in force.</summary>
    public DateTimeOffset? RotatedAt { get; init; }

    /// <summary>The provider that issues it, or null.</summary>
    public string? Provider { get; init; }

    /// <summary>Slugs of the instances for which this very value is in force.</summary>
    public IReadOnlyList<string> UsedBy { get; init; } = [];

    /// <summary>Slugs of those that wait for their turn to get it, and have the value before until then.</summary>
    public IReadOnlyList<string> Waiting { get; init; } = [];

    /// <summary>Those of <see cref="Waiting"/> whose target does not answer: they gave their turn up and get one when it does.</summary>
    public IReadOnlyList<string> Away { get; init; } = [];

    /// <summary>True when only the app's newest release declares it, and not the one that the instance has: a value is kept until that is deployed.</summary>
    public bool Upcoming { get; init; }
}

/// <summary>One secret with its levels and versions.</summary>
public sealed record SecretDetailResponse : SecretResponse
{
    /// <summary>Read from JSON.</summary>
    [JsonConstructor]
    public SecretDetailResponse(string name, bool set, bool required, bool generated, long version, DateTimeOffset? changedAt, string? prompt)
        : base(name, set, required, generated, version, changedAt, prompt)
    {
    }

    /// <summary>With what a list says of it.</summary>
    public SecretDetailResponse(SecretResponse inList)
        : base(inList)
    {
    }

    /// <summary>Regular expression that a value must match, or null.</summary>
    public string? Pattern { get; init; }

    /// <summary>Variable that also holds the value, or null.</summary>
    public string? Env { get; init; }

    /// <summary>The levels that have a value, nearest first; the first is in force.</summary>
    public IReadOnlyList<SecretLevelResponse> Levels { get; init; } = [];

    /// <summary>Versions at the level of the value in force, newest first.</summary>
    public IReadOnlyList<SecretVersionResponse> Versions { get; init; } = [];
}

/// <summary>A level that has a value.</summary>
/// <param name="Scope">The level.</param>
/// <param name="Holder">Whose value it is: an app, an organization, a tenant, or an instance's slug.</param>
/// <param name="Version">Its version there.</param>
/// <param name="ChangedAt">When that was written.</param>
public sealed record SecretLevelResponse(SecretScope Scope, string Holder, long Version, DateTimeOffset ChangedAt);

/// <summary>A version of a value.</summary>
/// <param name="Version">From 1.</param>
/// <param name="At">When it was written.</param>
/// <param name="Generated">Whether Tenantry made it.</param>
/// <param name="RestoredFrom">The version whose value it brought back, or null.</param>
public sealed record SecretVersionResponse(long Version, DateTimeOffset At, bool Generated, long? RestoredFrom);
