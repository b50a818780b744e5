using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;

namespace Tenantry.Server.People;

/// <summary>What pages for signing in call. Each writes to the audit what came of it, unless nobody known had anything to do with it, and sets or takes the session's cookie of the answer.</summary>
public interface ISignIn
{
    /// <summary>How people may sign in at an identity provider; null: there is none.</summary>
    string? ProviderName { get; }

    Task<SignInResult> WithPasswordAsync(HttpContext context, string email, string password);

    /// <summary>Whom a link would sign in, without using it up; null: it was used, has expired, or never was.</summary>
    Task<string?> ReadLinkAsync(HttpContext context, string secret);

    Task<SignInResult> WithLinkAsync(HttpContext context, string secret);

    /// <summary>What the browser is to ask an authenticator; null: tried too often.</summary>
    Task<PasskeyOptionsResponse?> AskForPasskeyAsync(HttpContext context);

    /// <summary>What the authenticator answered, as JSON text.</summary>
    Task<SignInResult> WithPasskeyAsync(HttpContext context, string handshake, string credential);

    /// <summary>Where the browser is to go to sign in at the provider. Sets a cookie that its answer is bound to.</summary>
    Task<Uri> BeginAtProviderAsync(HttpContext context, string returnTo);

    /// <summary>The browser came back from the provider. The place to go on is in <see cref="SignInResult.ReturnTo"/>.</summary>
    Task<SignInResult> FinishAtProviderAsync(HttpContext context);

    Task SignOutAsync(HttpContext context);

    /// <summary>The provider says that a session of its own ended. False: it is not believed.</summary>
    Task<bool> EndByProviderAsync(HttpContext context, string logoutToken);
}

/// <summary>What came of signing in.</summary>
/// <param name="Outcome">Whether it is done.</param>
/// <param name="Detail">A sentence for the person; empty when it is done.</param>
/// <param name="RetryAfter">For <see cref="SignInOutcome.TooOften"/>: how long to wait.</param>
/// <param name="ReturnTo">A path of this server.</param>
public sealed record SignInResult(SignInOutcome Outcome, string Detail = "", TimeSpan? RetryAfter = null, string ReturnTo = "/")
{
    public bool IsDone => Outcome == SignInOutcome.Done;

    /// <summary>Invitations wait for the person's answer.</summary>
    public bool IsInvited { get; init; }
}

/// <summary>How signing in ended.</summary>
public enum SignInOutcome
{
    Done,

    /// <summary>Account or password: which of them is not told.</summary>
    Wrong,

    /// <summary>Tried too often.</summary>
    TooOften,

    /// <summary>The passkey is not known here, or its answer is not good.</summary>
    Passkey,

    /// <summary>The link was used, or has expired.</summary>
    LinkGone,

    /// <summary>A browser keeps no session without HTTPS, but for this machine.</summary>
    NotSecure,

    /// <summary>The provider did not let the person in, or what it said is not good.</summary>
    Provider,

    /// <summary>The provider knows the person, and no rule here gives them a role.</summary>
    NoRole,
}
