using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>A request as it goes to an instance.</summary>
internal sealed class UpstreamRequest : HttpRequestMessage
{
    private static readonly UriCreationOptions AsSent = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private UpstreamRequest(HttpMethod method, Uri uri, Route route)
        : base(method, uri)
    {
        Version = HttpVersion.Version11;
        VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        Route = route;
    }

    public Route Route { get; }

    /// <summary>The protocol that both ends want to switch to, or null.</summary>
    public string? Upgrade { get; private init; }

    /// <summary>Null for requests that have no form in HTTP/1.1 behind a gateway (CONNECT, <c>OPTIONS *</c>).</summary>
    public static UpstreamRequest? Make(HttpContext context, Route route)
    {
        var extended = context.Features.Get<IHttpExtendedConnectFeature>();
        var isExtended = extended is { IsExtendedConnect: true };
        var target = Target(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        if (target is null || (HttpMethods.IsConnect(context.Request.Method) && !isExtended))
            return null;
        if (!Uri.TryCreate($"http://{route.Upstream}{target}", in AsSent, out var uri))
            return null;
        var upgrade = isExtended ? extended!.Protocol : UpgradeOf(context);
        var request = new UpstreamRequest(isExtended ? HttpMethod.Get : HttpMethod.Parse(context.Request.Method), uri, route) { Upgrade = upgrade };
        request.Content = Body(context, request.Method, upgrade);
        RequestHead.Copy(context, request, isExtended);
        return request;
    }

    // What the client sent, byte for byte; of the absolute form (to a proxy) the path and query.
    private static string? Target(string raw)
    {
        if (raw.StartsWith('/'))
            return raw;
        var scheme = raw.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
            return null;
        var path = raw.AsSpan(scheme + 3).IndexOfAny('/', '?');
        if (path < 0)
            return "/";
        var rest = raw[(scheme + 3 + path)..];
        return rest[0] == '/' ? rest : "/" + rest;
    }

    private static string? UpgradeOf(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && context.Request.Headers.Upgrade is [{ Length: > 0 } protocol]
            ? protocol
            : null;

    // A method that is not idempotent has a body, if an empty one: the handler tries again on another connection only what has none.
    private static HttpContent? Body(HttpContext context, HttpMethod method, string? upgrade)
    {
        if (upgrade is not null)
            return null;
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
            return new RequestBody(context);
        return IsIdempotent(method) ? null : new ByteArrayContent([]);
    }

    private static bool IsIdempotent(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Head || method == HttpMethod.Put || method == HttpMethod.Delete ||
        method == HttpMethod.Options || method == HttpMethod.Trace;
}
