using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Secrets of instances: they can be written and never read.</summary>
public sealed class SecretsClient
{
    private readonly Transport _transport;

    internal SecretsClient(Transport transport) => _transport = transport;

    /// <summary>The secrets that an instance's release declares, and whether they have a value.</summary>
    public IAsyncEnumerable<SecretResponse> ListAsync(string slug, CancellationToken cancellationToken = default) =>
        _transport.ListAsync<SecretResponse>(Route(slug), cancellationToken);

    /// <summary>Gives a secret a value.</summary>
    public Change<SecretResponse> Put(string slug, string name, string value) =>
        _transport.Of<SecretResponse>(HttpMethod.Put, Route(slug, name), () => Transport.Json(new PutSecretRequest(value)));

    /// <summary>Takes a secret's value away.</summary>
    public Change<string> Delete(string slug, string name) => _transport.Empty(HttpMethod.Delete, Route(slug, name), name);

    private static string Route(string slug) => $"v1/instances/{Uri.EscapeDataString(slug)}/secrets";

    private static string Route(string slug, string name) => $"{Route(slug)}/{Uri.EscapeDataString(name)}";
}
