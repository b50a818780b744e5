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
            var client = claims.FindFirst("client_id")?.Value ?? claims.FindFirst("azp")?.Value;
            var name = client ?? claims.FindFirst("sub")?.Value ?? throw new OidcException("The token names nobody.");
            var grants = provider.Options.GrantsOf([.. claims.FindAll(provider.Options.GroupsClaim).Select(claim => claim.Value)], client);
            return new Caller(name, CallerKind.Provider, grants)
            {
                Id = $"provider:{claims.FindFirst("sub")?.Value}:{client}",
                ExpiresAt = new JsonWebToken(token).ValidTo is var end ? new DateTimeOffset(end, TimeSpan.Zero) : null,
            };
        }
        catch (OidcException refused)
        {
            throw ApiTokens.Unauthorized(refused.Message);
        }
    }
}
