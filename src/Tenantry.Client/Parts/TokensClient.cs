using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>API tokens. For the socket's user and for who signed in.</summary>
public sealed class TokensClient
{
    private readonly Transport _transport;

    internal TokensClient(Transport transport) => _transport = transport;

    /// <summary>Makes a token; its text is in the answer and nowhere else.</summary>
    public Change<CreateTokenResponse> Create(CreateTokenRequest request) =>
        _transport.Once<CreateTokenResponse>(HttpMethod.Post, "v1/tokens", () => Transport.Json(request));

    /// <summary>All tokens, without their text.</summary>
    public IAsyncEnumerable<TokenResponse> ListAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<TokenResponse>("v1/tokens", cancellationToken);

    /// <summary>Ends a token at once.</summary>
    public Change<string> Revoke(string name) => _transport.Empty(HttpMethod.Delete, "v1/tokens/" + Uri.EscapeDataString(name), name);
}
