using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.People.Oidc;
using Tenantry.Server.People.Passkeys;
using Tenantry.Server.Store;

namespace Tenantry.Server.People;

/// <summary>Signs people in and out.</summary>
public sealed class SignIn(IStore store, Sessions sessions, Passwords passwords, SignInLimits limits, PasskeyDesk passkeys, LiveRequests live, ApiSettings settings, TimeProvider time, OidcProvider? provider = null) : ISignIn
{
    private const string Wrong = "The address or the password is not right.";
    private const int LongestEmail = 200;
    private const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";
    private readonly OidcSignIn? oidc = provider is null ? null : new OidcSignIn(provider, store, time);

    /// <inheritdoc/>
    public string? ProviderName => oidc?.Name;

    /// <inheritdoc/>
    public async Task<SignInResult> WithPasswordAsync(HttpContext context, string email, string password)
    {
        if (IsInsecure(context) is { } insecure)
            return insecure;
        var (name, address) = (PersonText.Plain(email), ClientAddress.Of(context, settings));
        // Before anything is counted: a store may end a text at a control character, and one account would have many names.
        if (name.Length > LongestEmail || name.Any(char.IsControl))
            return new SignInResult(SignInOutcome.Wrong, Wrong);
        if (limits.Enter(name, address) is { } wait)
            return TooOften(wait);
        var person = await store.FindPersonAsync(name, context.RequestAborted);
        if (!await passwords.IsOfAsync(person, password, context.RequestAborted))
        {
            await AuditAsync(context, person?.Email ?? "", "denied", $"wrong password or unknown, from {address}");
            return new SignInResult(SignInOutcome.Wrong, Wrong);
        }

        limits.Succeed(name, address);
        return await LetInAsync(context, person!, SignInMethod.Password, null);
    }

    /// <inheritdoc/>
    public Task<string?> ReadLinkAsync(HttpContext context, string secret) => store.FindSignInLinkAsync(RandomText.Hash(secret), context.RequestAborted);

    /// <inheritdoc/>
    public async Task<SignInResult> WithLinkAsync(HttpContext context, string secret)
    {
        if (IsInsecure(context) is { } insecure)
            return insecure;
        var address = ClientAddress.Of(context, settings);
        if (limits.Enter(address) is { } wait)
            return TooOften(wait);
        // Nothing is written of it: strangers would fill the audit.
        if (await store.TakeSignInLinkAsync(RandomText.Hash(secret), CancellationToken.None) is not { } email || await store.FindPersonAsync(email, context.RequestAborted) is not { } person)
            return new SignInResult(SignInOutcome.LinkGone, "This link was used already, or has expired. 'tenantry login' on the server's machine makes another one.");
        limits.Succeed(address);
        return await LetInAsync(context, person, SignInMethod.Link, null);
    }

    /// <inheritdoc/>
    public async Task<PasskeyOptionsResponse?> AskForPasskeyAsync(HttpContext context) =>
        limits.Ask(ClientAddress.Of(context, settings)) is null ? await passkeys.AskToSignInAsync(context) : null;

    /// <inheritdoc/>
    public async Task<SignInResult> WithPasskeyAsync(HttpContext context, string handshake, string credential)
    {
        if (IsInsecure(context) is { } insecure)
            return insecure;
        var address = ClientAddress.Of(context, settings);
        if (limits.Enter(address) is { } wait)
            return TooOften(wait);
        var (person, owner) = await passkeys.SignInAsync(context, handshake, credential);
        // Of an account that was linked to the provider while passkeys stayed with it, the provider says who signs in.
        if (person is null || person.Issuer.Length > 0)
        {
            await AuditAsync(context, owner, "denied", $"a passkey that signs nobody in, from {address}");
            return new SignInResult(SignInOutcome.Passkey, "This passkey signs nobody in here.");
        }

        limits.Succeed(address);
        return await LetInAsync(context, person, SignInMethod.Passkey, null);
    }

    /// <inheritdoc/>
    public Task<Uri> BeginAtProviderAsync(HttpContext context, string returnTo) =>
        (oidc ?? throw NoProvider()).BeginAsync(context, SignInApi.SafeReturn(returnTo));

    /// <inheritdoc/>
    public async Task<SignInResult> FinishAtProviderAsync(HttpContext context)
    {
        var way = oidc ?? throw NoProvider();
        if (IsInsecure(context) is { } insecure)
            return insecure;
        var address = ClientAddress.Of(context, settings);
        if (limits.Enter(address) is { } wait)
            return TooOften(wait);
        try
        {
            var who = await way.FinishAsync(context);
            if (await way.PersonAsync(who, context.RequestAborted) is { } person)
            {
                limits.Succeed(address);
                return await LetInAsync(context, person, SignInMethod.Provider, who.Session) with { ReturnTo = who.ReturnTo };
            }

            await AuditAsync(context, who.Email ?? "", "denied", $"the provider's subject {who.Subject} has no role here");
            return new SignInResult(SignInOutcome.NoRole, "You are known to the provider, but no rule here gives you a role.");
        }
        catch (OidcException failure)
        {
            // A browser that began nothing is anybody's.
            if (!failure.IsUnasked)
                await AuditAsync(context, "", "denied", failure.Message);
            return new SignInResult(SignInOutcome.Provider, failure.Message);
        }
    }

    /// <inheritdoc/>
    public async Task<bool> EndByProviderAsync(HttpContext context, string logoutToken)
    {
        try
        {
            var claims = await (provider ?? throw NoProvider()).CheckAsync(logoutToken, provider.Options.ClientId, context.RequestAborted);
            var (session, subject) = (claims.FindFirst("sid")?.Value, claims.FindFirst("sub")?.Value);
            // An ID token is not one: it has a nonce, and tells of no event.
            if (claims.FindFirst("events")?.Value.Contains(LogoutEvent, StringComparison.Ordinal) != true || claims.FindFirst("nonce") is not null || (session ?? subject) is null)
                return false;
            var ended = await store.DeleteSessionsOfAsync((await provider.DiscoverAsync(context.RequestAborted)).Issuer, session, subject, CancellationToken.None);
            await live.CutAsync(CancellationToken.None);
            await store.AppendAuditAsync(new AuditEntry("provider", "session.end", $"subject {subject}", "done", $"{ended} sessions, by the provider", context.TraceIdentifier, time.GetUtcNow()), CancellationToken.None);
            return true;
        }
        catch (OidcException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task SignOutAsync(HttpContext context)
    {
        live.LetFinish(context.TraceIdentifier);
        if (await sessions.EndAsync(context, CancellationToken.None) is { } caller)
            await store.AppendAuditAsync(new AuditEntry(caller.Name, "session.end", $"person {caller.Name}", "done", "", context.TraceIdentifier, time.GetUtcNow()), CancellationToken.None);
    }

    private static SignInResult TooOften(TimeSpan wait) =>
        new(SignInOutcome.TooOften, $"Too many wrong tries. Wait {Math.Ceiling(wait.TotalMinutes):0} minutes, or have a link made with 'tenantry login'.", wait);

    private static ProblemException NoProvider() => new(StatusCodes.Status404NotFound, ProblemCodes.NotFound, "No identity provider is configured: 'tenantry serve --oidc FILE'.");

    private async Task<SignInResult> LetInAsync(HttpContext context, Person person, SignInMethod method, ProviderSession? provider)
    {
        try
        {
            // The session that the browser had, and by which it asked, ends.
            live.LetFinish(context.TraceIdentifier);
            await sessions.BeginAsync(context, person, method, provider, context.RequestAborted);
        }
        catch (StoreConflictException)
        {
            // Removed between the question and the answer.
            return new SignInResult(SignInOutcome.Wrong, Wrong);
        }

        await AuditAsync(context, person.Email, "done", $"{method.ToString().ToLowerInvariant()}, from {ClientAddress.Of(context, settings)}");
        return new SignInResult(SignInOutcome.Done) { IsInvited = (await store.ListInvitationsAsync(null, person.Email, context.RequestAborted)).Count > 0 };
    }

    private SignInResult? IsInsecure(HttpContext context)
    {
        var host = context.Request.Host.Host;
        var isHere = host == "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
        var isPublic = settings.Api() is { } known && known.Scheme == Uri.UriSchemeHttps && string.Equals(known.Host, host, StringComparison.OrdinalIgnoreCase);
        return context.Request.IsHttps || isHere || isPublic
            ? null
            : new SignInResult(SignInOutcome.NotSecure, "Browsers keep a session only over HTTPS. Put a proxy with a certificate in front and say its address with --api-url.");
    }

    private Task AuditAsync(HttpContext context, string email, string outcome, string detail) => store.AppendAuditAsync(
        new AuditEntry(email.Length == 0 ? "nobody" : email, "session.begin", email.Length == 0 ? "session" : $"person {email}", outcome, detail, context.TraceIdentifier, time.GetUtcNow()), CancellationToken.None);
}
