using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>
/// Sessions of people who signed in. The cookie holds 256 random bits, the store their SHA-256 alone. What a person may do is read with each request, so that a role
/// that was taken is taken at once.
/// </summary>
public sealed class Sessions(IStore store, TimeProvider time)
{
    /// <summary>Browsers set it only over HTTPS (or on this machine), for this host alone and all of its paths: no tenant's host name gets it, and none can set one.</summary>
    public const string Cookie = "__Host-tenantry";

    /// <summary>From signing in to signing in again.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <summary>A session that was not used for so long is over.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromHours(8);

    private const int LongestCookie = 100;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, DateTimeOffset> used = new(StringComparer.Ordinal);

    /// <summary>The caller whose session the cookie names, or null.</summary>
    public async Task<Caller?> AdmitAsync(HttpContext context)
    {
        if (TextOf(context) is not { } text || await FindAsync(RandomText.Hash(text), context.RequestAborted) is not { } found)
            return null;
        await UseAsync(found.Session, context.RequestAborted);
        return CallerOf(found);
    }

    /// <summary>True while the caller's session lasts and lets them do what it did. What they may do besides by now, the next request finds out.</summary>
    public async Task<bool> IsStillAsync(Caller caller, CancellationToken cancellationToken) =>
        caller.SessionHash is { } hash && await FindAsync(hash, cancellationToken) is { } found && CallerOf(found).Grants.Covers(caller.Grants);

    /// <summary>Begins a session and sets its cookie. The one that the browser had ends.</summary>
    public async Task BeginAsync(HttpContext context, Person person, SignInMethod method, ProviderSession? provider, CancellationToken cancellationToken)
    {
        await EndAsync(context, cancellationToken);
        var now = time.GetUtcNow();
        var text = RandomText.New();
        var expires = provider is { ExpiresAt: { } ends } && ends < now + Lifetime ? ends : now + Lifetime;
        await store.AddSessionAsync(
            new PersonSession(RandomText.Hash(text), person.Email, method.ToString(), provider?.Issuer ?? "", provider?.Id ?? "", now, expires, now) { Grants = provider?.Grants.ToText() ?? "" }, cancellationToken);
        context.Response.Cookies.Append(Cookie, text, Options(expires));
    }

    /// <summary>Ends the browser's session, if it has one. Returns whose it was.</summary>
    public async Task<Caller?> EndAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (TextOf(context) is not { } text)
            return null;
        var hash = RandomText.Hash(text);
        var found = await FindAsync(hash, cancellationToken);
        await store.DeleteSessionAsync(hash, cancellationToken);
        context.Response.Cookies.Delete(Cookie, Options(null));
        return found is null ? null : CallerOf(found);
    }

    /// <summary>What a change shows besides the cookie (<see cref="CrossSite"/>); null without a session's cookie.</summary>
    public static string? CsrfTokenOf(HttpContext context) =>
        TextOf(context) is { } text ? Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(text), "tenantry csrf"u8)) : null;

    private static string? TextOf(HttpContext context) => context.Request.Cookies[Cookie] is { Length: > 0 and <= LongestCookie } text ? text : null;

    private static CookieOptions Options(DateTimeOffset? expires) =>
        new() { Path = "/", Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, IsEssential = true, Expires = expires };

    private async Task<SessionOfPerson?> FindAsync(string hash, CancellationToken cancellationToken)
    {
        var found = await store.FindSessionAsync(hash, cancellationToken);
        var now = time.GetUtcNow();
        return found is null || found.Session.ExpiresAt <= now || LastUse(found.Session) + IdleTime <= now ? null : found;
    }

    private static Caller CallerOf(SessionOfPerson found) => new(
        found.Person.Email,
        CallerKind.Session,
        new Grants(found.Person.Role, found.Memberships.ToDictionary(one => one.Organization, one => one.Role, StringComparer.Ordinal)).With(Grants.Parse(found.Session.Grants)))
    {
        Id = "person:" + found.Person.Email,
        ExpiresAt = found.Session.ExpiresAt,
        SessionHash = found.Session.Hash,
        DisplayName = found.Person.Name,
        Invitations = found.Invitations,
        Issuer = found.Person.Issuer.Length == 0 ? null : found.Person.Issuer,
        HasPassword = found.Person.Password is not null,
    };

    private DateTimeOffset LastUse(PersonSession session) => used.TryGetValue(session.Hash, out var here) && here > session.UsedAt ? here : session.UsedAt;

    // To the minute: a request is not to cost a write each time.
    private async Task UseAsync(PersonSession session, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now - LastUse(session) < Minute)
            return;
        foreach (var old in used.Where(one => one.Value + IdleTime <= now))
            used.TryRemove(old);
        used[session.Hash] = now;
        await store.UseSessionAsync(session.Hash, now, cancellationToken);
    }
}

/// <summary>How somebody signed in.</summary>
public enum SignInMethod
{
    Password,
    Link,
    Provider,
    Passkey,
}

/// <summary>What an identity provider says of the session that it began: its own name for it, until when it is good, and what it lets the person do here as long as it lasts.</summary>
public sealed record ProviderSession(string Issuer, string Id, DateTimeOffset? ExpiresAt, Grants Grants);
