using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.Access;

/// <summary>
/// Decides who may ask. On the Unix socket the kernel says who it is; on TCP a token is needed, and a browser that was led here by
/// another site (a foreign origin, or a name that was rebound to this address) is turned away before anything is looked at.
/// </summary>
public sealed class Gatekeeper(ApiTokens tokens, LiveRequests live) : IMiddleware
{
    private static readonly PathString[] Open = ["/healthz", "/readyz", "/metrics", "/openapi"];

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var socketUser = context.Features.Get<SocketUser>();
        if (socketUser is { IsAllowed: false })
            throw ProblemException.Forbidden($"User {socketUser.UserId} may not use this socket; its owner and root may.");
        if (socketUser is null)
            RefuseRebinding(context);
        RefuseForeignOrigin(context, isSocket: socketUser is not null);
        if (socketUser is not null)
            context.Features.Set(Caller.Local);
        else if (!Array.Exists(Open, path => context.Request.Path.StartsWithSegments(path)))
        {
            var caller = await tokens.AdmitAsync(context.Request.Headers.Authorization, context.RequestAborted);
            context.Features.Set(caller);
            live.Enter(context, caller.Id);
        }

        try
        {
            await next(context);
        }
        finally
        {
            live.Leave(context);
        }
    }

    private static void RefuseRebinding(HttpContext context)
    {
        var host = context.Request.Host;
        var isLoopback = context.Connection.LocalIpAddress is { } address && IPAddress.IsLoopback(address);
        if (isLoopback && !IsLoopbackName(host.Host))
            throw Misdirected($"This address does not answer to the name '{host.Host}', only to localhost and loopback addresses.");
    }

    private static void RefuseForeignOrigin(HttpContext context, bool isSocket)
    {
        if (context.Request.Headers.Origin is not { Count: > 0 } origin)
            return;
        if (isSocket || !Uri.TryCreate(origin, UriKind.Absolute, out var from) || !string.Equals(from.Authority, context.Request.Host.Value, StringComparison.OrdinalIgnoreCase))
            throw ProblemException.Forbidden($"Requests that a page of '{origin}' makes are not taken here.");
    }

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static ProblemException Misdirected(string detail) =>
        new(StatusCodes.Status421MisdirectedRequest, ProblemCodes.Forbidden, detail);
}
