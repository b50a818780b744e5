using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tenantry.Server.Access;
using Tenantry.Server.Api;

namespace Tenantry.Server.People.Oidc;

/// <summary>The way to the provider and back, and what the provider says of its own accord.</summary>
internal static class OidcApi
{
    public static void MapOidc(this IEndpointRouteBuilder routes)
    {
        var ways = routes.MapGroup("").WithMetadata(new OpenToAll()).ExcludeFromDescription();
        ways.MapPost("/signin/oidc/begin", BeginAsync);
        ways.MapGet(OidcSignIn.Callback, FinishAsync);
        ways.MapPost("/signin/oidc/logout", LogoutAsync);
    }

    private static async Task BeginAsync(HttpContext context, ISignIn signIn)
    {
        CrossSite.RefuseOtherPages(context);
        var form = context.Request.HasFormContentType ? await FormBody.ReadAsync(context, "A form with 'returnTo' is expected.") : FormCollection.Empty;
        var wanted = SignInApi.SafeReturn(form[SignInApi.ReturnTo]);
        try
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = (await signIn.BeginAtProviderAsync(context, wanted)).ToString();
            context.Response.Headers.CacheControl = "no-store";
        }
        catch (OidcException failure)
        {
            SignInApi.Lead(context, new SignInResult(SignInOutcome.Provider, failure.Message), wanted);
        }
    }

    private static async Task FinishAsync(HttpContext context, ISignIn signIn)
    {
        var result = await signIn.FinishAtProviderAsync(context);
        SignInApi.Lead(context, result, result.ReturnTo);
    }

    // OpenID Connect Back-Channel Logout 1.0, section 2.5.
    private static async Task LogoutAsync(HttpContext context, ISignIn signIn)
    {
        context.Response.Headers.CacheControl = "no-store";
        var token = (await FormBody.ReadAsync(context, "A form with 'logout_token' is expected."))["logout_token"].ToString();
        context.Response.StatusCode = await signIn.EndByProviderAsync(context, token) ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
    }
}
