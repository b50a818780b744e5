using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.People;
using Tenantry.Server.People.Oidc;

namespace Tenantry.Server.Access;

/// <summary>
/// Finds out who asks. On the Unix socket the kernel says it; on TCP a token does, or the cookie of somebody who signed in. A browser that was led here by
/// another site (a foreign origin, or a name that was rebound to this address) is turned away before anything is looked at. Who shows nothing is a stranger.
/// </summary>
internal sealed class Gatekeeper(ApiTokens tokens, ProviderTokens machines, Sessions sessions, LiveRequests live, Denials denials, ApiSettings settings) : IMiddleware
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var caller = await RecognizeAsync(context, context.Features.Get<SocketUser>());
        if (caller is { Through: CallerKind.Session } && !IsSignIn(context.Request))
            await RefuseForgedAsync(context, caller);
        if (caller is not null)
            context.Features.Set(caller);
        if (caller is { IsLocal: false })
            live.Enter(context, caller);
        try
        {
            await next(context);
        }
        finally
        {
            live.Leave(context);
        }
    }

    private async Task<Caller?> RecognizeAsync(HttpContext context, SocketUser? socketUser)
    {
        try
        {
            if (socketUser is { IsAllowed: false })
                throw ProblemException.Forbidden($"User {socketUser.UserId} may not use this socket; its owner and root may.");
            if (socketUser is null)
                RefuseRebinding(context);
            RefuseForeignOrigin(context, isSocket: socketUser is not null);
            return socketUser is null ? await AdmitAsync(context) : Caller.Local;
        }
        catch (ProblemException refused)
        {
            await denials.WriteStrangerAsync(context, socketUser is null ? ClientAddress.Of(context, settings) : "the socket", refused);
            throw;
        }
    }

    private async Task<Caller?> AdmitAsync(HttpContext context) => context.Request.Headers.Authorization is { Count: > 0 } authorization
        ? await machines.AdmitAsync(authorization.ToString(), context.RequestAborted) ?? await tokens.AdmitAsync(authorization.ToString(), context.RequestAborted)
        : await sessions.AdmitAsync(context);

    private async Task RefuseForgedAsync(HttpContext context, Caller caller)
    {
        try
        {
            await CrossSite.RefuseAsync(context);
        }
        catch (ProblemException forged)
        {
            await denials.WriteAsync(context, caller, "change", forged);
            throw;
        }
    }

    // A page for signing in may be older than the session, or come from elsewhere as a link: it does not know the session's text, and nothing is done in the session's
    // name. That no other site's page asks, these endpoints see to themselves, as they do for strangers.
    private static bool IsSignIn(HttpRequest request) => HttpMethods.IsPost(request.Method) && request.Path.StartsWithSegments("/signin");

    private void RefuseRebinding(HttpContext context)
    {
        var host = context.Request.Host;
        var isLoopback = context.Connection.LocalIpAddress is { } address && IPAddress.IsLoopback(address);
        if (isLoopback && !IsLoopbackName(host.Host) && !IsPublicName(host))
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

    // What stands in front on this machine passes the name on by which people know it.
    private bool IsPublicName(HostString host) => settings.Api() is { } address && string.Equals(host.Host, address.Host, StringComparison.OrdinalIgnoreCase);

    private static ProblemException Misdirected(string detail) =>
        new(StatusCodes.Status421MisdirectedRequest, ProblemCodes.Forbidden, detail);
}
