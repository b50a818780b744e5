using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;
using Tenantry.Server.Access;

namespace Tenantry.Server.People.Oidc;

/// <summary>Machines that show a token of the provider's, made for this server.</summary>
public sealed class ProviderTokens(OidcProvider? provider)
{
    private const string Scheme = "Bearer ";

    /// <summary>The caller, or null when what is shown is no such token. A bad one is a 401.</summary>
    public async Task<Caller?> AdmitAsync(string authorization, CancellationToken cancellationToken)
    {
        if (provider?.Options.Audience is not { } audience || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var token = authorization[Scheme.Length..];
        if (token.Count(c => c == '.') != 2)
            return null;
        try
        {
            var claims = await provider.CheckAsync(token, audience, cancellationToken);
            var subject = claims.FindFirst("sub")?.Value;
            var client = claims.FindFirst("client_id")?.Value ?? claims.FindFirst("azp")?.Value;
            // A person's token names the client by which they got it: what is said of the client is not theirs.
            var machine = client is not null && IsOfClient(claims, subject, client) ? client : null;
            var name = machine ?? subject ?? throw new OidcException("The token names nobody.");
            var grants = provider.Options.GrantsOf([.. claims.FindAll(provider.Options.GroupsClaim).Select(claim => claim.Value)], machine);
            return new Caller(name, CallerKind.Provider, grants)
            {
                Id = $"provider:{subject}:{client}",
                Credential = $"provider, subject {subject ?? "none"}, client {client ?? "none"}",
                DisplayName = claims.FindFirst("name")?.Value ?? claims.FindFirst("preferred_username")?.Value ?? name,
                ExpiresAt = new JsonWebToken(token).ValidTo is var end ? new DateTimeOffset(end, TimeSpan.Zero) : null,
            };
        }
        catch (OidcException refused)
        {
            throw ApiTokens.Unauthorized(refused.Message);
        }
    }

    // RFC 9068, section 2.2: of a client's own token the subject is the client. The others are how Auth0, Microsoft Entra ID and Keycloak tell it.
    private static bool IsOfClient(ClaimsIdentity claims, string? subject, string client) =>
        subject is null || subject == client || subject == $"{client}@clients"
        || claims.FindFirst("idtyp")?.Value == "app"
        || claims.FindFirst("preferred_username")?.Value == $"service-account-{client}";
}
