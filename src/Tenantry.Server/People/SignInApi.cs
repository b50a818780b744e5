using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tenantry.Server.Access;
using Tenantry.Server.Api;

namespace Tenantry.Server.People;

/// <summary>What the forms for signing in and out send. Each answer leads on to a page: back to <c>/signin</c> with the reason, or to where the person wanted to go.</summary>
public static class SignInApi
{
    /// <summary>Query parameters of <c>GET /signin</c>: where to go then, and why it did not work (a <see cref="SignInOutcome"/>).</summary>
    public const string ReturnTo = "returnTo", Failure = "failure";

    // Where invitations are answered, with a dashboard.
    private const string Account = "/account";
    private const int LongestReturn = 2000;

    internal static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        var forms = routes.MapGroup("").WithMetadata(new OpenToAll()).ExcludeFromDescription();
        forms.MapPost("/signin", PasswordAsync);
        forms.MapPost("/signin/link/{secret}", LinkAsync);
        forms.MapPost("/signin/passkey/options", AskForPasskeyAsync);
        forms.MapPost("/signin/passkey", PasskeyAsync);
        forms.MapPost("/signout", SignOutAsync);
    }

    /// <summary>A path of this server, whatever was asked for: nobody is led elsewhere.</summary>
    public static string SafeReturn(string? wanted)
    {
        if (string.IsNullOrEmpty(wanted) || wanted.Length > LongestReturn || wanted[0] != '/' || wanted.StartsWith("//", StringComparison.Ordinal) || wanted.Contains('\\') || wanted.Any(c => c < ' ' || c > '~'))
            return "/";
        return wanted.StartsWith("/signin", StringComparison.OrdinalIgnoreCase) || wanted.StartsWith("/signout", StringComparison.OrdinalIgnoreCase) ? "/" : wanted;
    }

    private static async Task PasswordAsync(HttpContext context, ISignIn signIn)
    {
        CrossSite.RefuseOtherPages(context);
        var form = await FormBody.ReadAsync(context, "A form with 'email' and 'password' is expected.");
        var wanted = SafeReturn(form[ReturnTo]);
        Lead(context, await signIn.WithPasswordAsync(context, form["email"].ToString(), form["password"].ToString()), wanted);
    }

    private static async Task LinkAsync(string secret, HttpContext context, ISignIn signIn)
    {
        CrossSite.RefuseOtherPages(context);
        Lead(context, await signIn.WithLinkAsync(context, secret), "/");
    }

    private static async Task<IResult> AskForPasskeyAsync(HttpContext context, ISignIn signIn)
    {
        CrossSite.RefuseOtherPages(context);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await signIn.AskForPasskeyAsync(context) ?? throw ProblemException.TooMany("Too many tries. Wait a quarter of an hour."));
    }

    private static async Task PasskeyAsync(HttpContext context, ISignIn signIn)
    {
        CrossSite.RefuseOtherPages(context);
        var form = await FormBody.ReadAsync(context, "A form with 'handshake' and 'credential' is expected.");
        Lead(context, await signIn.WithPasskeyAsync(context, form["handshake"].ToString(), form["credential"].ToString()), SafeReturn(form[ReturnTo]));
    }

    private static async Task SignOutAsync(HttpContext context, ISignIn signIn)
    {
        CrossSite.RefuseOtherPages(context);
        await signIn.SignOutAsync(context);
        Lead(context, "/signin");
    }

    internal static void Lead(HttpContext context, SignInResult result, string wanted)
    {
        if (result.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
        Lead(context, result.IsDone ? result.IsInvited && wanted == "/" ? Account : wanted : $"/signin?{Failure}={result.Outcome.ToString().ToLowerInvariant()}&{ReturnTo}={Uri.EscapeDataString(wanted)}");
    }

    // 303: what was posted is not posted again.
    private static void Lead(HttpContext context, string path)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = path;
        context.Response.Headers.CacheControl = "no-store";
    }
}
