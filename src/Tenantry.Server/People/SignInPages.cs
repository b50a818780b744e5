using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tenantry.Server.Access;

namespace Tenantry.Server.People;

/// <summary>The plainest pages on which people can sign in, where there is no dashboard.</summary>
internal static class SignInPages
{
    // Not no-referrer: then a form's request would not say where it comes from.
    private const string Referrer = "same-origin";
    private const string Policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    public static void MapSignInPages(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup("").WithMetadata(new OpenToAll()).ExcludeFromDescription();
        pages.MapGet("/signin", SignInAsync);
        pages.MapGet("/signin/link/{secret}", LinkAsync);
    }

    private static Task SignInAsync(HttpContext context, ISignIn signIn)
    {
        var wanted = SignInApi.SafeReturn(context.Request.Query[SignInApi.ReturnTo]);
        var failure = Sentence(context.Request.Query[SignInApi.Failure].ToString());
        return WriteAsync(context, "Sign in", $"""
            {(failure.Length == 0 ? "" : $"<p role=\"alert\">{Text(failure)}</p>")}
            <form method="post" action="/signin">
            <input type="hidden" name="returnTo" value="{Text(wanted)}">
            <p><label>E-mail address <input name="email" type="email" autocomplete="username" required autofocus></label></p>
            <p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
            <p><button>Sign in</button></p>
            </form>
            {(signIn.ProviderName is not { } provider ? "" : $"<form method=\"post\" action=\"/signin/oidc/begin\"><input type=\"hidden\" name=\"returnTo\" value=\"{Text(wanted)}\"><p><button>Sign in with {Text(provider)}</button></p></form>")}
            """);
    }

    // Looking at it uses nothing up: mail programs and browsers look at links that nobody followed.
    private static async Task LinkAsync(string secret, HttpContext context, ISignIn signIn)
    {
        var email = await signIn.ReadLinkAsync(context, secret);
        await WriteAsync(context, "Sign in", email is null
            ? "<p role=\"alert\">This link was used already, or has expired.</p><p><a href=\"/signin\">Sign in</a></p>"
            : $"<form method=\"post\"><p>This link signs you in once as <strong>{Text(email)}</strong>.</p><p><button autofocus>Sign in</button></p></form>");
    }

    /// <summary>Why it did not work, for the person; empty when it did.</summary>
    public static string Sentence(string failure) => Enum.TryParse<SignInOutcome>(failure, ignoreCase: true, out var outcome) ? outcome switch
    {
        SignInOutcome.Wrong => "The address or the password is not right.",
        SignInOutcome.TooOften => "Too many wrong tries. Wait a quarter of an hour.",
        SignInOutcome.Passkey => "This passkey signs nobody in here, or the answer came too late.",
        SignInOutcome.LinkGone => "This link was used already, or has expired.",
        SignInOutcome.NotSecure => "Browsers keep a session only over HTTPS.",
        SignInOutcome.Provider => "The identity provider did not let you in.",
        SignInOutcome.NoRole => "You are known to the identity provider, but nobody gave you a role here.",
        _ => "",
    } : "";

    private static Task WriteAsync(HttpContext context, string title, string body)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers["Referrer-Policy"] = Referrer;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(
            $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title} · Tenantry</title></head><body><main><h1>{title}</h1>{body}</main></body></html>",
            Encoding.UTF8,
            context.RequestAborted);
    }

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);
}
