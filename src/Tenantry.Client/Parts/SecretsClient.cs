using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Whose secrets are meant.</summary>
public sealed record SecretsOf
{
    private readonly string _path;
    private readonly string _query;

    private SecretsOf(string path, params (string Name, string? Value)[] query)
    {
        _path = path;
        _query = QueryText.Of(query);
    }

    /// <summary>An instance's.</summary>
    /// <param name="slug">The instance.</param>
    /// <param name="scope">The level that a change is about; null: that of the value in force or of the manifest, unless other tenants share it.</param>
    public static SecretsOf Instance(string slug, SecretScope? scope = null) =>
        new($"v1/instances/{Uri.EscapeDataString(slug)}/secrets", ("scope", scope is { } level ? level.ToString().ToLowerInvariant() : null));

    /// <summary>An app's, kept for one tenant, for one organization, or for all.</summary>
    public static SecretsOf App(string app, string? tenant = null, string? organization = null) =>
        new($"v1/apps/{Uri.EscapeDataString(app)}/secrets", ("tenant", tenant), ("organization", organization));

    internal string Route(string rest = "") => _path + rest + _query;
}

/// <summary>Secrets: they can be written and never read.</summary>
public sealed class SecretsClient
{
    private readonly Transport _transport;

    internal SecretsClient(Transport transport) => _transport = transport;

    /// <summary>The secrets that an instance's release declares, and whether they have a value.</summary>
    public IAsyncEnumerable<SecretResponse> ListAsync(string slug, CancellationToken cancellationToken = default) => ListAsync(SecretsOf.Instance(slug), cancellationToken);

    /// <summary>The same for other holders.</summary>
    public IAsyncEnumerable<SecretResponse> ListAsync(SecretsOf of, CancellationToken cancellationToken = default) => _transport.ListAsync<SecretResponse>(of.Route(), cancellationToken);

    /// <summary>One with its levels and versions.</summary>
    public Task<SecretDetailResponse> GetAsync(SecretsOf of, string name, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<SecretDetailResponse>(of.Route(Name(name)), cancellationToken);

    /// <summary>Gives a secret of an instance a value.</summary>
    public Change<SecretResponse> Put(string slug, string name, string value) => Put(SecretsOf.Instance(slug), name, value);

    /// <summary>The same for other holders.</summary>
    public Change<SecretResponse> Put(SecretsOf of, string name, string value) =>
        _transport.Of<SecretResponse>(HttpMethod.Put, of.Route(Name(name)), () => Transport.Json(new PutSecretRequest(value)));

    /// <summary>Gives several secrets values, all or none; the instances that use them change once.</summary>
    /// <param name="of">The holder.</param>
    /// <param name="values">By the secrets' names.</param>
    /// <param name="scopes">Levels by the secrets' names, where they differ from the holder's.</param>
    public Change<PageResponse<SecretResponse>> PutAll(SecretsOf of, IReadOnlyDictionary<string, string> values, IReadOnlyDictionary<string, SecretScope>? scopes = null) =>
        _transport.Of<PageResponse<SecretResponse>>(HttpMethod.Patch, of.Route(), () => Transport.Json(new PutSecretsRequest(values, scopes)));

    /// <summary>Takes a secret's value away, with its versions.</summary>
    public Change<string> Delete(string slug, string name) => Delete(SecretsOf.Instance(slug), name);

    /// <summary>The same for other holders.</summary>
    public Change<string> Delete(SecretsOf of, string name) => _transport.Empty(HttpMethod.Delete, of.Route(Name(name)), name);

    /// <summary>Makes a new value for a secret that Tenantry generates.</summary>
    public Change<SecretResponse> Rotate(SecretsOf of, string name) => _transport.Of<SecretResponse>(HttpMethod.Post, of.Route(Name(name) + "/rotate"));

    /// <summary>Puts the value of an older version in force again, as a new version.</summary>
    public Change<SecretResponse> RollBack(SecretsOf of, string name, long version) =>
        _transport.Of<SecretResponse>(HttpMethod.Post, of.Route(Name(name) + "/rollback"), () => Transport.Json(new RollBackSecretRequest(version)));

    /// <summary>The values in force for an instance, sealed to a public key of P-256 in PEM.</summary>
    public Change<ExportSecretsResponse> Export(string slug, string publicKey) =>
        _transport.Of<ExportSecretsResponse>(HttpMethod.Post, SecretsOf.Instance(slug).Route("/export"), () => Transport.Json(new ExportSecretsRequest(publicKey)));

    /// <summary>Replaces the engine's key. On the control plane's socket alone.</summary>
    public Change<RekeyResponse> Rekey() => _transport.Of<RekeyResponse>(HttpMethod.Post, "v1/secrets/rekey");

    private static string Name(string name) => "/" + Uri.EscapeDataString(name);
}
