using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Tenantry.Server.Access;
using Tenantry.Server.Store;

namespace Tenantry.Server.People.Oidc;

/// <summary>Signing in at the provider: authorization code with PKCE; state and nonce are bound to the browser.</summary>
public sealed class OidcSignIn(OidcProvider provider, IStore store, TimeProvider time)
{
    /// <summary>Where the provider sends the browser back to.</summary>
    public const string Callback = "/signin/oidc";

    public string Name => provider.Options.Name;

    /// <summary>Where the browser goes.</summary>
    public async Task<Uri> BeginAsync(HttpContext context, string returnTo)
    {
        var found = await provider.DiscoverAsync(context.RequestAborted);
        var handshake = OidcHandshake.Begin(context, returnTo);
        return new Uri(QueryHelpers.AddQueryString(found.AuthorizationEndpoint, new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["response_type"] = "code",
            ["client_id"] = provider.Options.ClientId,
            ["redirect_uri"] = CallbackOf(context).ToString(),
            ["scope"] = string.Join(' ', provider.Options.Scopes),
            ["state"] = handshake.State,
            ["nonce"] = handshake.Nonce,
            ["code_challenge"] = handshake.Challenge,
            ["code_challenge_method"] = "S256",
        }));
    }

    /// <summary>Who came back.</summary>
    /// <exception cref="OidcException">The provider let nobody in, or what it says is not believed.</exception>
    public async Task<OidcPerson> FinishAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var handshake = OidcHandshake.Take(context) ?? throw new OidcException("This browser did not begin to sign in, or did so too long ago. Try again.") { IsUnasked = true };
        if (!RandomText.AreSame(query["state"].ToString(), handshake.State))
            throw new OidcException("The answer belongs to another attempt to sign in. Try again.");
        var found = await provider.DiscoverAsync(context.RequestAborted);
        if (query["iss"].ToString() is { Length: > 0 } issuer && issuer != found.Issuer)
            throw new OidcException("The answer is another provider's.");
        if (query["error"].ToString() is { Length: > 0 } error)
            throw new OidcException($"The provider let nobody in: {(error.All(c => char.IsAsciiLetter(c) || c == '_') && error.Length < 60 ? error : "it says why in words that are not shown")}.");
        var tokens = await provider.RedeemAsync(query["code"].ToString(), handshake.Verifier, CallbackOf(context), context.RequestAborted);
        var claims = await provider.CheckAsync(tokens.IdToken, provider.Options.ClientId, context.RequestAborted);
        if (!RandomText.AreSame(claims.FindFirst("nonce")?.Value ?? "", handshake.Nonce))
            throw new OidcException("The ID token belongs to another attempt to sign in (nonce).");
        var subject = claims.FindFirst("sub")?.Value ?? throw new OidcException("The ID token names nobody (sub).");
        return await ReadAsync(claims, subject, tokens, found.Issuer, handshake.ReturnTo, context.RequestAborted);
    }

    /// <summary>The person here, who is added when a rule gives them a role, or an invitation waits for them. Null: they have none.</summary>
    public async Task<Person?> PersonAsync(OidcPerson who, CancellationToken cancellationToken)
    {
        if (await store.FindPersonOfAsync(who.Session.Issuer, who.Subject, cancellationToken) is { } known)
            return who.Session.Grants.IsEmpty && await HasNoRoleAsync(known, cancellationToken) ? null : known;
        // An address counts only when the provider made sure whose it is.
        if (who.Email is null)
            return null;
        if (await store.FindPersonAsync(who.Email, cancellationToken) is { } local)
        {
            if (local.Issuer.Length > 0)
                throw new OidcException($"The address {who.Email} belongs to somebody else here.");
            if (who.Session.Grants.IsEmpty && await HasNoRoleAsync(local, cancellationToken))
                return null;
            // From now on the provider says who they are: whatever signed in before signs in no more, whoever had it.
            return await store.UpdatePersonAsync(local with { Issuer = who.Session.Issuer, Subject = who.Subject, Password = null }, local.Version, removesPasskeys: true, cancellationToken);
        }

        return who.Session.Grants.IsEmpty && !await IsInvitedAsync(who.Email, cancellationToken)
            ? null
            : await store.AddPersonAsync(new Person(who.Email, who.Name, null, null, who.Session.Issuer, who.Subject, 1, time.GetUtcNow()), cancellationToken);
    }

    private async Task<bool> HasNoRoleAsync(Person person, CancellationToken cancellationToken) =>
        person.Role is null && (await store.ListMembersAsync(null, person.Email, cancellationToken)).Count == 0 && !await IsInvitedAsync(person.Email, cancellationToken);

    // Who is invited comes in to answer.
    private async Task<bool> IsInvitedAsync(string email, CancellationToken cancellationToken) => (await store.ListInvitationsAsync(null, email, cancellationToken)).Count > 0;

    private async Task<OidcPerson> ReadAsync(ClaimsIdentity claims, string subject, OidcTokens tokens, string issuer, string returnTo, CancellationToken cancellationToken)
    {
        var options = provider.Options;
        var more = await provider.ReadPersonAsync(tokens.AccessToken, cancellationToken);
        // OpenID Connect Core 5.3.2: else the answer may be about somebody else.
        if (more.TryGetProperty("sub", out var other) && other.GetString() != subject)
            throw new OidcException("What the provider tells of the person is about somebody else.");
        var groups = claims.FindAll(options.GroupsClaim).Select(claim => claim.Value).Concat(Texts(more, options.GroupsClaim)).ToHashSet(StringComparer.Ordinal);
        var plain = Address((claims.FindFirst("email")?.Value, claims.FindFirst("email_verified")?.Value), (Texts(more, "email").FirstOrDefault(), Flag(more, "email_verified")));
        var name = claims.FindFirst("name")?.Value ?? Texts(more, "name").FirstOrDefault();
        var grants = options.GrantsOf(groups, null);
        var session = new ProviderSession(issuer, claims.FindFirst("sid")?.Value ?? "", time.GetUtcNow() + TimeSpan.FromSeconds(options.SessionSeconds), grants);
        return new OidcPerson(subject, plain, PersonText.Name(name, plain ?? subject), session, returnTo);
    }

    // Both sources speak of an address in the same way, and each of its own alone: it counts when one says that it is verified and none says that it is not.
    internal static string? Address((string? Email, string? Verified) token, (string? Email, string? Verified) told)
    {
        if ((token.Email ?? told.Email) is not { } email)
            return null;
        var flags = new[] { token, told }.Where(one => string.Equals(one.Email, email, StringComparison.OrdinalIgnoreCase)).Select(one => one.Verified).OfType<string>().ToArray();
        return flags.Length > 0 && flags.All(flag => string.Equals(flag, "true", StringComparison.OrdinalIgnoreCase)) ? PersonText.Email(email) : null;
    }

    // Some providers say it as text.
    private static string? Flag(JsonElement from, string name) => from.TryGetProperty(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.True => "true",
            JsonValueKind.String => value.GetString(),
            _ => "false",
        }
        : null;

    private static IEnumerable<string> Texts(JsonElement from, string name)
    {
        if (!from.TryGetProperty(name, out var value))
            return [];
        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array => value.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(one => one.GetString()!),
            _ => [],
        };
    }

    private static Uri CallbackOf(HttpContext context) => new(Tenantry.Server.People.PublicAddress.Of(context), Callback);
}

/// <summary>Who came back from the provider.</summary>
/// <param name="Subject">The provider's name for them.</param>
/// <param name="Email">Their address, when the provider made sure of it.</param>
/// <param name="Name">How they are called.</param>
/// <param name="Session">The provider's session, and what it lets them do here.</param>
/// <param name="ReturnTo">Where they wanted to go.</param>
public sealed record OidcPerson(string Subject, string? Email, string Name, ProviderSession Session, string ReturnTo);
