using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tenantry.Server.Gateway.Strictness;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>What decides how a request is forwarded.</summary>
internal readonly record struct RequestShape(string Method, string Target)
{
    /// <summary>The protocol that both ends want to switch to, or null.</summary>
    public string? Upgrade { get; private init; }

    /// <summary>The switch was asked for over HTTP/2 (RFC 8441).</summary>
    public bool IsExtendedConnect { get; private init; }

    /// <summary>A switch that can be asked for over HTTP/2, too (RFC 8441).</summary>
    public bool IsTunnel => IsExtendedConnect || "websocket".Equals(Upgrade, StringComparison.OrdinalIgnoreCase);

    public bool HasBody { get; private init; }

    /// <summary>The body goes in chunks: nobody knows its length.</summary>
    public bool IsChunked { get; private init; }

    /// <summary>The client waits for 100 before it sends the body.</summary>
    public bool Expects { get; private init; }

    /// <summary>Header names of the client's connection, beside the usual ones.</summary>
    public string[]? Listed { get; private init; }

    /// <summary>The guard of the client's connection, when that speaks HTTP/1.1.</summary>
    public RequestGuard? Guard { get; private init; }

    /// <summary>May be sent a second time when nobody knows whether it was done (RFC 9110 9.2.2), and can be: nothing of a body was taken.</summary>
    public bool IsRepeatable => !HasBody && Upgrade is null && Method is "GET" or "HEAD" or "PUT" or "DELETE" or "OPTIONS" or "TRACE";

    /// <summary>It asks and changes nothing (RFC 9110 9.2.1).</summary>
    public bool IsSafe => Method is "GET" or "HEAD" or "OPTIONS";

    /// <summary>True when the client asked for what an instance has switched to (RFC 9110 7.8).</summary>
    public bool AskedFor(string protocols)
    {
        foreach (var range in protocols.AsSpan().Split(','))
        {
            if (!IsAmong(protocols.AsSpan()[range].Trim(), Upgrade))
                return false;
        }

        return true;
    }

    /// <summary>Null for requests that have no form in HTTP/1.1 behind a gateway (CONNECT, <c>OPTIONS *</c>).</summary>
    public static RequestShape? Of(HttpContext context)
    {
        var request = context.Request;
        // Methods are told apart by case (RFC 9110 9.1), but whoever takes 'connect' for CONNECT would make a tunnel of it.
        var target = TargetOf(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        var connect = HttpMethods.IsConnect(request.Method) ? context.Features.Get<IHttpExtendedConnectFeature>() : null;
        var isExtended = connect is { IsExtendedConnect: true };
        if (target is null || (HttpMethods.IsConnect(request.Method) && !isExtended))
            return null;
        // A length would be said to the instance of a body that never comes; in a tunnel to another HTTP nobody looks at heads.
        if (isExtended && (request.ContentLength is not null || connect!.Protocol is not { } spoken || SpeaksHttp(spoken)))
            return null;
        var guard = context.Features.Get<RequestGuard>();
        var upgrade = isExtended ? connect!.Protocol : UpgradeOf(context);
        var hasBody = upgrade is null && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        return new RequestShape(isExtended ? HttpMethods.Get : request.Method, target)
        {
            Upgrade = upgrade,
            IsExtendedConnect = isExtended,
            HasBody = hasBody,
            IsChunked = hasBody && request.ContentLength is null,
            Expects = hasBody && request.Headers.Expect.ToString().Equals("100-continue", StringComparison.OrdinalIgnoreCase),
            Listed = guard?.Listed,
            Guard = guard,
        };
    }

    // What the client sent, byte for byte; of the absolute form (to a proxy) the path and query.
    private static string? TargetOf(string raw)
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

    // HTTP/1.0 knows no switch (RFC 9110 7.8).
    private static string? UpgradeOf(HttpContext context) =>
        HttpProtocol.IsHttp11(context.Request.Protocol) && context.Request.Headers.Upgrade is [{ Length: > 0 } protocol] && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && !SpeaksHttp(protocol)
            ? protocol
            : null;

    private static bool IsAmong(ReadOnlySpan<char> protocol, ReadOnlySpan<char> asked)
    {
        foreach (var range in asked.Split(','))
        {
            if (protocol.Length > 0 && protocol.Equals(asked[range].Trim(), StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    // In a tunnel nobody looks at heads: a switch to another HTTP is not asked for, and the request goes on as it is (RFC 9110 7.8 lets whoever is asked pass over it).
    private static bool SpeaksHttp(string protocols)
    {
        foreach (var range in protocols.AsSpan().Split(','))
        {
            var protocol = protocols.AsSpan()[range].Trim();
            if (protocol.StartsWith("h2", StringComparison.OrdinalIgnoreCase) || protocol.StartsWith("h3", StringComparison.OrdinalIgnoreCase)
                || protocol.StartsWith("HTTP", StringComparison.OrdinalIgnoreCase) || protocol.StartsWith("TLS", StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
