using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Gateway.Webhooks;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>A request's head as it goes to an instance: what the client sent, without what is of one connection or not the client's to say; then ours.</summary>
internal ref struct RequestHead
{
    private readonly HttpContext context;
    private readonly ForwarderOptions options;
    private byte[] buffer;
    private int length;
    private bool isClean;

    private RequestHead(HttpContext context, ForwarderOptions options)
    {
        this.context = context;
        this.options = options;
        buffer = ArrayPool<byte>.Shared.Rent(4096);
        isClean = true;
    }

    /// <summary>The bytes, in an array of the shared pool; null when the request cannot be said in HTTP/1.1.</summary>
    public static (byte[] Buffer, int Length)? Write(HttpContext context, Route route, RequestShape shape, ForwarderOptions options)
    {
        var head = new RequestHead(context, options);
        head.WriteFirstLine(shape);
        head.WriteFields(shape);
        head.WriteOurs(route);
        head.Text("\r\n");
        if (head.isClean)
            return (head.buffer, head.length);
        ArrayPool<byte>.Shared.Return(head.buffer);
        return null;
    }

    private void WriteFirstLine(RequestShape shape)
    {
        isClean &= !shape.Method.AsSpan().ContainsAnyExcept(FieldRules.Token) && shape.Method.Length > 0;
        isClean &= !shape.Target.AsSpan().ContainsAnyExcept(FieldRules.Target);
        Text(shape.Method);
        Text(" ");
        Text(shape.Target);
        Text(" HTTP/1.1\r\n");
    }

    private void WriteFields(RequestShape shape)
    {
        var headers = context.Request.Headers;
        var listed = shape.Listed;
        var isTrusted = options.Trusts(context.Connection.RemoteIpAddress);
        var isHttp2 = HttpProtocol.IsHttp2(context.Request.Protocol);
        var isCounted = MaxForwards.IsCounted(shape.Method);
        foreach (var (name, values) in headers)
        {
            // RFC 9113 8.2.2: malformed.
            var isOfOneConnection = FieldRules.IsOfOneConnection(name);
            isClean &= !isHttp2 || !isOfOneConnection || name.Equals("TE", StringComparison.OrdinalIgnoreCase);
            if (name[0] == ':' || isOfOneConnection)
                continue;
            if (shape.Upgrade is not null && name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                continue;
            if (Passes(name, isTrusted, listed))
                Field(name, isCounted && name.Equals(MaxForwards.Name, StringComparison.OrdinalIgnoreCase) ? MaxForwards.Next(values) : values);
        }

        // Behind those of whom it came from (RFC 9110 7.6.3).
        Text(isHttp2 ? "Via: 2.0 tenantry\r\n" : HttpProtocol.IsHttp11(context.Request.Protocol) ? "Via: 1.1 tenantry\r\n" : "Via: 1.0 tenantry\r\n");

        if (headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase))
            Text("TE: trailers\r\nConnection: TE\r\n");
        if (shape.Upgrade is { } protocol)
        {
            Text("Connection: Upgrade\r\n");
            Field("Upgrade", protocol);
            if (shape.IsExtendedConnect)
                Field("Sec-WebSocket-Key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)));
        }

        if (shape.IsChunked)
            Text("Transfer-Encoding: chunked\r\n");
        SayWhoAsked(isTrusted);
    }

    // A proxy's word is not taken back by what its client lists in Connection: nobody else says it then.
    private readonly bool Passes(string name, bool isTrusted, string[]? listed) => FieldRules.OwnerOf(name) switch
    {
        FieldOwner.Anybody => !FieldRules.IsListed(listed, name),
        FieldOwner.Proxy => isTrusted && !IsAppended(name),
        FieldOwner.Delivery => context.Features.Get<Delivery>() is not null,
        _ => false,
    };

    // Names to which we add our own word.
    private static bool IsAppended(string name) =>
        name.Equals("X-Forwarded-For", StringComparison.OrdinalIgnoreCase) || name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase);

    private void SayWhoAsked(bool isTrusted)
    {
        var headers = context.Request.Headers;
        var host = headers.Host.ToString();
        var scheme = TlsSession.SchemeOf(context);
        var client = Client(context.Connection.RemoteIpAddress);
        Text("X-Forwarded-For: ");
        if (isTrusted && headers["X-Forwarded-For"] is { Count: > 0 } before)
        {
            Value(before.ToString());
            Text(", ");
        }

        Text(client[0] == '[' ? client.AsSpan(1, client.Length - 2) : client);
        Text("\r\n");
        if (!isTrusted || !headers.ContainsKey("X-Forwarded-Proto"))
            Field("X-Forwarded-Proto", scheme);
        if (!isTrusted || !headers.ContainsKey("X-Forwarded-Host"))
            Field("X-Forwarded-Host", host);
        Text("Forwarded: ");
        if (isTrusted && headers["Forwarded"] is { Count: > 0 } earlier)
        {
            Value(earlier.ToString());
            Text(", ");
        }

        Text("for=");
        Text(client[0] == '[' ? $"\"{client}\"" : client);
        Text(";host=\"");
        Value(host);
        Text("\";proto=");
        Text(scheme);
        Text("\r\n");
    }

    private void WriteOurs(Route route)
    {
        Field("X-Tenant-Name", route.Tenant);
        Field("X-Tenant-Instance", route.Slug);
    }

    private static string Client(IPAddress? address) => address switch
    {
        null => "unknown",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => $"[{address}]",
        _ => address.ToString(),
    };

    private void Field(string name, StringValues values)
    {
        isClean &= !name.AsSpan().ContainsAnyExcept(FieldRules.Token);
        var isCookie = name.Equals("Cookie", StringComparison.OrdinalIgnoreCase);
        if (isCookie)
            values = OurCookie.Without(values);
        if (values.Count > 1 && isCookie)
        {
            // HTTP/2 sends crumbs (RFC 9113 8.2.3).
            Field(name, string.Join("; ", values.ToArray()));
            return;
        }

        foreach (var value in values)
        {
            Text(name);
            Text(": ");
            Value(value);
            Text("\r\n");
        }
    }

    private void Value(string? value)
    {
        isClean &= !value.AsSpan().ContainsAny(FieldRules.Controls);
        Text(value);
    }

    private void Text(ReadOnlySpan<char> text)
    {
        if (buffer.Length - length < text.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + text.Length));
            buffer.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        length += Encoding.Latin1.GetBytes(text, buffer.AsSpan(length));
    }
}
