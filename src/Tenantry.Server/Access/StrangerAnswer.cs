using Microsoft.AspNetCore.Http;
using Tenantry.Server.People;

namespace Tenantry.Server.Access;

/// <summary>
/// What somebody is told who shows no credential, or that of a session that has ended. Who looks with a browser is asked to sign in and led back to the page then, whether the
/// page, a script of it or one of its forms asked; a program is told how to get a token.
/// </summary>
internal static class StrangerAnswer
{
    public static Task SendAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.Path.StartsWithSegments("/v1"))
            throw Refused(context);
        if (request.Headers.ContainsKey("HX-Request"))
        {
            // A redirect would be followed by the script, and the page for signing in be put into the middle of another one.
            response.StatusCode = StatusCodes.Status401Unauthorized;
            response.Headers["HX-Redirect"] = SignInPlace(PlaceOf(context, request.Headers["HX-Current-URL"]));
            response.ContentType = "text/plain; charset=utf-8";
            return response.WriteAsync("The session has ended. Sign in again.", context.RequestAborted);
        }

        if (!request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
            throw Refused(context);
        if (HttpMethods.IsGet(request.Method))
        {
            response.Redirect(SignInPlace(request.Path + request.QueryString));
            return Task.CompletedTask;
        }

        // What was to be changed is not: one signs in, sees the page again, and says it again.
        response.StatusCode = StatusCodes.Status303SeeOther;
        response.Headers.Location = SignInPlace(PlaceOf(context, request.Headers.Referer));
        return Task.CompletedTask;
    }

    private static string SignInPlace(string returnTo) => $"/signin?{SignInApi.ReturnTo}={Uri.EscapeDataString(returnTo)}";

    // The page that asked, when it is one of ours.
    private static string PlaceOf(HttpContext context, string? page) =>
        Uri.TryCreate(page, UriKind.Absolute, out var from) && string.Equals(from.Authority, context.Request.Host.Value, StringComparison.OrdinalIgnoreCase) ? SignInApi.SafeReturn(from.PathAndQuery) : "/";

    private static Api.ProblemException Refused(HttpContext context) => ApiTokens.Unauthorized(context.Request.Cookies.ContainsKey(Sessions.Cookie)
        ? "The session has ended. Sign in again."
        : "A token is needed: 'Authorization: Bearer ten_…'. Make one with 'tenantry token create', on the server's machine.");
}
