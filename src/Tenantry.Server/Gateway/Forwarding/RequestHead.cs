using System.Buffers.Text;
using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tenantry.Server.Gateway.Strictness;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Headers on their way to an instance: all that the client sent but those of one connection (RFC 9110 7.6.1) and those that only a
/// gateway may say; then ours.
/// </summary>
internal static class RequestHead
{
    private static readonly FrozenSet<string> OfOneConnection = new[]
    {
        "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade", "Proxy-Authorization", "Proxy-Authenticate",
        "HTTP2-Settings",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static void Copy(HttpContext context, UpstreamRequest request, bool isExtendedConnect)
    {
        var headers = context.Request.Headers;
        var listed = context.Features.Get<RequestGuard>() is { } guard ? guard.Listed : HopByHop.Listed(headers.Connection);
        foreach (var (name, values) in headers)
        {
            if (name.StartsWith(':') || OfOneConnection.Contains(name) || IsOurs(name) || HopByHop.Contains(listed, name))
                continue;
            Add(request, name, values);
        }

        if (headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase))
        {
            request.Headers.TryAddWithoutValidation("TE", "trailers");
            request.Headers.TryAddWithoutValidation("Connection", "TE");
        }

        if (request.Upgrade is { } protocol)
        {
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", protocol);
            if (isExtendedConnect)
                request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)));
        }

        Say(context, request);
    }

    private static void Say(HttpContext context, UpstreamRequest request)
    {
        var host = context.Request.Headers.Host.ToString();
        var scheme = "http";
        var client = Client(context.Connection.RemoteIpAddress);
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", client.Trim('[', ']'));
        request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", scheme);
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", host);
        request.Headers.TryAddWithoutValidation("Forwarded", $"for={(client[0] == '[' ? $"\"{client}\"" : client)};host=\"{host}\";proto={scheme}");
        request.Headers.TryAddWithoutValidation("X-Tenant-Name", request.Route.Tenant);
        request.Headers.TryAddWithoutValidation("X-Tenant-Instance", request.Route.Slug);
    }

    private static string Client(IPAddress? address) => address switch
    {
        null => "unknown",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => $"[{address}]",
        _ => address.ToString(),
    };

    private static void Add(UpstreamRequest request, string name, StringValues values)
    {
        var isOne = values.Count == 1;
        if (isOne ? request.Headers.TryAddWithoutValidation(name, values.ToString()) : request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            return;
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            return;
        // The rest describe a body; a request without one may carry them all the same.
        request.Content ??= new ByteArrayContent([]);
        if (isOne)
            request.Content.Headers.TryAddWithoutValidation(name, values.ToString());
        else
            request.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
    }

    // A name with underscores becomes the same variable in CGI-like servers, so it is the same name here.
    private static bool IsOurs(string name)
    {
        if (name.Length < 7 || (name[0] | 0x20) is not ('x' or 'f'))
            return false;
        if (name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase))
            return true;
        var plain = name.Replace('_', '-').AsSpan();
        return plain.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) ||
            plain.StartsWith("X-Tenant-", StringComparison.OrdinalIgnoreCase) ||
            plain.Equals("X-Real-IP", StringComparison.OrdinalIgnoreCase);
    }
}
