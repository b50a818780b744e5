using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Api;

/// <summary>HEAD is answered as GET is, without a body, which the server leaves out by itself. What streams has no head of its own.</summary>
internal static class HeadRequests
{
    // These have a HEAD that says more than their GET would: there is none.
    private const string Sources = "/v1/sources";

    /// <summary>Before routing: from here on it is a GET.</summary>
    public static Task AsGetAsync(HttpContext context, RequestDelegate next)
    {
        if (HttpMethods.IsHead(context.Request.Method) && !context.Request.Path.StartsWithSegments(Sources, StringComparison.Ordinal))
        {
            context.Request.Method = HttpMethods.Get;
            context.Features.Set(new Mark());
        }

        return next(context);
    }

    /// <summary>An endpoint whose answer goes on, or costs what a head is not worth.</summary>
    public static RouteHandlerBuilder Streams(this RouteHandlerBuilder endpoint) => endpoint.AddEndpointFilter((context, next) =>
    {
        var http = context.HttpContext;
        if (http.Features.Get<Mark>() is null)
            return next(context);
        http.Request.Method = HttpMethods.Head;
        http.Response.Headers.Allow = HttpMethods.Get;
        return ValueTask.FromResult<object?>(TypedResults.StatusCode(StatusCodes.Status405MethodNotAllowed));
    });

    private sealed record Mark;
}
