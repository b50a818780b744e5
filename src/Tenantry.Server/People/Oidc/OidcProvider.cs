using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Tenantry.Server.People.Oidc;

/// <summary>Asks the provider, and believes what it signed.</summary>
public sealed class OidcProvider : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
    private readonly HttpClient http;
    private static readonly TimeSpan KeysAreFresh = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim refreshing = new(1, 1);
    private ConfigurationManager<OpenIdConnectConfiguration> discovery;
    private DateTimeOffset refreshedAt = DateTimeOffset.MinValue;
    private readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false };
    private readonly TimeProvider time;

    public OidcProvider(OidcOptions options, TimeProvider time)
    {
        Options = options;
        this.time = time;
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = Patience }) { Timeout = Patience, MaxResponseContentBufferSize = 1 << 20 };
        discovery = NewDiscovery();
    }

    public OidcOptions Options { get; }

    /// <summary>What its discovery document says.</summary>
    /// <exception cref="OidcException">It does not answer, or is another one.</exception>
    public async Task<OpenIdConnectConfiguration> DiscoverAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await discovery.GetConfigurationAsync(cancellationToken);
            return found.Issuer.TrimEnd('/') == Options.Issuer.ToString().TrimEnd('/')
                ? found
                : throw new OidcException($"The provider says that it is {found.Issuer}, not {Options.Issuer}.");
        }
        catch (Exception away) when (away is InvalidOperationException or IOException or HttpRequestException)
        {
            throw new OidcException($"The provider at {Options.Issuer} does not answer.", away);
        }
    }

    /// <summary>Gives the code for what it stands for: an ID token and an access token.</summary>
    public async Task<OidcTokens> RedeemAsync(string code, string verifier, Uri callback, CancellationToken cancellationToken)
    {
        var found = await DiscoverAsync(cancellationToken);
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = callback.ToString(),
            ["code_verifier"] = verifier,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, found.TokenEndpoint);
        var methods = found.TokenEndpointAuthMethodsSupported;
        if (Options.ClientSecret is { } secret && (methods.Count == 0 || methods.Contains("client_secret_basic")))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(Options.ClientId)}:{Uri.EscapeDataString(secret)}")));
        }
        else
        {
            fields["client_id"] = Options.ClientId;
            if (Options.ClientSecret is { } posted)
                fields["client_secret"] = posted;
        }

        request.Content = new FormUrlEncodedContent(fields);
        var answer = await AskAsync(request, "did not take the code", cancellationToken);
        return answer.TryGetProperty("id_token", out var id) && answer.TryGetProperty("access_token", out var access)
            ? new OidcTokens(id.GetString()!, access.GetString()!)
            : throw new OidcException("The provider gave no ID token.");
    }

    /// <summary>What it says of a person besides the ID token; an empty object where it has no such endpoint.</summary>
    public async Task<JsonElement> ReadPersonAsync(string accessToken, CancellationToken cancellationToken)
    {
        var found = await DiscoverAsync(cancellationToken);
        if (string.IsNullOrEmpty(found.UserInfoEndpoint))
            return JsonDocument.Parse("{}").RootElement;
        using var request = new HttpRequestMessage(HttpMethod.Get, found.UserInfoEndpoint);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        return await AskAsync(request, "told nothing of the person", cancellationToken);
    }

    /// <summary>The claims of a token that it signed for that audience and that is good now.</summary>
    /// <exception cref="OidcException">It is not.</exception>
    public async Task<ClaimsIdentity> CheckAsync(string token, string audience, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var found = await DiscoverAsync(cancellationToken);
            var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
            {
                ValidIssuer = found.Issuer,
                ValidAudience = audience,
                IssuerSigningKeys = found.SigningKeys,
                ValidAlgorithms = Algorithms,
                RequireSignedTokens = true,
                RequireExpirationTime = true,
                ClockSkew = TimeSpan.FromSeconds(30),
                LifetimeValidator = (before, expires, _, rules) => IsNow(before, expires, rules.ClockSkew),
            });
            if (result.IsValid)
                return result.ClaimsIdentity;
            // Signed with a key that is newer than what we know of it.
            if (!isFirst || result.Exception is not SecurityTokenSignatureKeyNotFoundException || !await RefreshAsync(found, cancellationToken))
                throw new OidcException(Sentence(result.Exception), result.Exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        http.Dispose();
        refreshing.Dispose();
    }

    // Reads the keys anew before it returns: the library's own refresh is in the background, and whoever came first after a rotation would be turned away. Tokens that
    // name keys that never were ask the provider at most once in that time.
    private async Task<bool> RefreshAsync(OpenIdConnectConfiguration known, CancellationToken cancellationToken)
    {
        await refreshing.WaitAsync(cancellationToken);
        try
        {
            // Somebody else did it while this one waited.
            if (!ReferenceEquals(known, await DiscoverAsync(cancellationToken)))
                return true;
            if (time.GetUtcNow() - refreshedAt < KeysAreFresh)
                return false;
            refreshedAt = time.GetUtcNow();
            var fresh = NewDiscovery();
            await fresh.GetConfigurationAsync(cancellationToken);
            discovery = fresh;
            return true;
        }
        catch (Exception away) when (away is InvalidOperationException or IOException or HttpRequestException)
        {
            // The keys that are known stay good.
            return false;
        }
        finally
        {
            refreshing.Release();
        }
    }

    private ConfigurationManager<OpenIdConnectConfiguration> NewDiscovery() => new(
        Options.Issuer.ToString().TrimEnd('/') + "/.well-known/openid-configuration",
        new OpenIdConnectConfigurationRetriever(),
        new HttpDocumentRetriever(http) { RequireHttps = !Options.Issuer.IsLoopback });

    private bool IsNow(DateTime? before, DateTime? expires, TimeSpan skew)
    {
        var now = time.GetUtcNow().UtcDateTime;
        // A token that says nothing of its beginning may come with the least time that there is: nothing is taken from it.
        return expires is { } end && now - skew < end && (before is null || now + skew > before);
    }

    // Not the library's own sentences: they may hold the token.
    private static string Sentence(Exception? failure) => failure switch
    {
        SecurityTokenInvalidAudienceException => "The token is for somebody else (aud).",
        SecurityTokenInvalidIssuerException => "The token is from somebody else (iss).",
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNotYetValidException or SecurityTokenNoExpirationException => "The token has expired, or is not good yet.",
        SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException => "The token's signature is not the provider's.",
        _ => "The token is not one that is taken here.",
    };

    private async Task<JsonElement> AskAsync(HttpRequestMessage request, string what, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            if (!answer.IsSuccessStatusCode)
                throw new OidcException($"The provider {what} (HTTP {(int)answer.StatusCode}).");
            return await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        }
        catch (Exception away) when (away is HttpRequestException or IOException or JsonException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new OidcException($"The provider {what}.", away);
        }
    }
}

/// <summary>What a code stands for.</summary>
public sealed record OidcTokens(string IdToken, string AccessToken)
{
    /// <summary>Keeps them out of logs.</summary>
    public override string ToString() => nameof(OidcTokens);
}

/// <summary>The provider failed, or said what is not believed. The message is for a person and holds no token.</summary>
public sealed class OidcException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>True: nobody here had begun to sign in.</summary>
    public bool IsUnasked { get; init; }
}
