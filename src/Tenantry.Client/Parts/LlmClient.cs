using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>LLM keys of instances, and the providers that issue them.</summary>
public sealed class LlmClient
{
    private readonly Transport _transport;

    internal LlmClient(Transport transport) => _transport = transport;

    /// <summary>Configured providers. Management keys are never among what is told.</summary>
    public IAsyncEnumerable<LlmProviderResponse> ListProvidersAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<LlmProviderResponse>("v1/llm/providers", cancellationToken);

    /// <summary>Adds a provider or changes what the request names.</summary>
    public Change<LlmProviderResponse> PutProvider(string name, PutLlmProviderRequest request) =>
        _transport.Of<LlmProviderResponse>(HttpMethod.Put, Route(name), () => Transport.Json(request));

    /// <summary>Removes a provider; a conflict while a key of it is in use.</summary>
    public Change<string> DeleteProvider(string name) => _transport.Empty(HttpMethod.Delete, Route(name), name);

    /// <summary>An instance's keys and what they have spent.</summary>
    public IAsyncEnumerable<LlmKeyResponse> ListAsync(string slug, CancellationToken cancellationToken = default) =>
        _transport.ListAsync<LlmKeyResponse>(OfInstance(slug), cancellationToken);

    /// <summary>Changes what the request names.</summary>
    public Change<InstanceChange> Update(string slug, UpdateLlmRequest request) =>
        _transport.OfInstance(HttpMethod.Patch, OfInstance(slug), () => Transport.Json(request));

    /// <summary>Makes new keys; the old ones are deleted as soon as the instance has the new ones.</summary>
    public Change<InstanceChange> Rotate(string slug) => _transport.OfInstance(HttpMethod.Post, OfInstance(slug) + "/rotate");

    private static string Route(string name) => "v1/llm/providers/" + Uri.EscapeDataString(name);

    private static string OfInstance(string slug) => $"v1/instances/{Uri.EscapeDataString(slug)}/llm";
}
