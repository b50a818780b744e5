using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.People;

/// <summary>Signs people in and out.</summary>
public sealed class SignIn(IStore store, Sessions sessions, Passwords passwords, SignInLimits limits, ApiSettings settings, TimeProvider time) : ISignIn
{
    private const string Wrong = "The address or the password is not right.";
    private const int LongestEmail = 200;

    /// <inheritdoc/>
    public string? ProviderName => null;

    /// <inheritdoc/>
    public async Task<SignInResult> WithPasswordAsync(HttpContext context, string email, string password)
    {
        if (IsInsecure(context) is { } insecure)
            return insecure;
        var (name, address) = (PersonText.Plain(email), ClientAddress.Of(context, settings));
        if (name.Length > LongestEmail)
            return new SignInResult(SignInOutcome.Wrong, Wrong);
        if (limits.Enter(name, address) is { } wait)
            return new SignInResult(SignInOutcome.TooOften, $"Too many wrong tries. Wait {Math.Ceiling(wait.TotalMinutes):0} minutes, or have a link made with 'tenantry login'.", wait);
        var person = await store.FindPersonAsync(name, context.RequestAborted);
        if (!await passwords.IsOfAsync(person, password, context.RequestAborted))
        {
            await AuditAsync(context, name, "denied", $"wrong password or unknown, from {address}");
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
        if (await store.TakeSignInLinkAsync(RandomText.Hash(secret), CancellationToken.None) is not { } email || await store.FindPersonAsync(email, context.RequestAborted) is not { } person)
        {
            await AuditAsync(context, "", "denied", $"a link that was used, has expired or never was, from {ClientAddress.Of(context, settings)}");
            return new SignInResult(SignInOutcome.LinkGone, "This link was used already, or has expired. 'tenantry login' on the server's machine makes another one.");
        }

        return await LetInAsync(context, person, SignInMethod.Link, null);
    }

    /// <inheritdoc/>
    public Task<Uri> BeginAtProviderAsync(HttpContext context, string returnTo) => throw ProblemException.NotFound("identity provider", "");

    /// <inheritdoc/>
    public Task<SignInResult> FinishAtProviderAsync(HttpContext context) => throw ProblemException.NotFound("identity provider", "");

    /// <inheritdoc/>
    public async Task SignOutAsync(HttpContext context)
    {
        if (await sessions.EndAsync(context, CancellationToken.None) is { } caller)
            await store.AppendAuditAsync(new AuditEntry(caller.Name, "session.end", $"person {caller.Name}", "done", "", context.TraceIdentifier, time.GetUtcNow()), CancellationToken.None);
    }

    private async Task<SignInResult> LetInAsync(HttpContext context, Person person, SignInMethod method, ProviderSession? provider)
    {
        try
        {
            await sessions.BeginAsync(context, person, method, provider, context.RequestAborted);
        }
        catch (StoreConflictException)
        {
            // Removed between the question and the answer.
            return new SignInResult(SignInOutcome.Wrong, Wrong);
        }

        await AuditAsync(context, person.Email, "done", $"{method.ToString().ToLowerInvariant()}, from {ClientAddress.Of(context, settings)}");
        return new SignInResult(SignInOutcome.Done);
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
