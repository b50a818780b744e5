using System.Net;
using System.Text;

namespace Tenantry.Server.Gateway.Forwarding.Http2;

/// <summary>A request's head, as <see cref="RequestHead"/> writes it for HTTP/1.1, as a request in HTTP/2.</summary>
internal static class H2cRequest
{
    /// <summary>Where a connection for the request is to lead.</summary>
    public static readonly HttpRequestOptionsKey<(Route Route, H2cUpstream Upstream)> Way = new("tenantry.way");

    // Byte for byte, as the client sent it.
    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Methods are told apart by case (RFC 9110 9.1), and HttpClient would say the known one.</summary>
    public static bool CanSay(string method) => HttpMethod.Parse(method).Method == method;

    public static HttpRequestMessage Read(ReadOnlySpan<byte> head, RequestShape shape, Route route, H2cUpstream upstream, HttpContent? body)
    {
        var request = new HttpRequestMessage(shape.IsTunnel ? HttpMethod.Connect : new HttpMethod(shape.Method), new Uri($"http://{upstream.Name}{shape.Target}", Verbatim))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        request.Options.Set(Way, (route, upstream));
        if (shape.IsTunnel)
            request.Headers.Protocol = shape.Upgrade!.ToLowerInvariant();
        for (var rest = AfterLine(head); rest.Length > 2; rest = AfterLine(rest))
        {
            var colon = rest.IndexOf((byte)':');
            var name = Encoding.ASCII.GetString(rest[..colon]);
            if (!IsOfHttp1(name) && !(shape.IsTunnel && name.Equals("Sec-WebSocket-Key", StringComparison.OrdinalIgnoreCase)))
                Add(request, name, Encoding.Latin1.GetString(rest[(colon + 2)..rest.IndexOf("\r\n"u8)]));
        }

        return request;
    }

    private static ReadOnlySpan<byte> AfterLine(ReadOnlySpan<byte> text) => text[(text.IndexOf("\r\n"u8) + 2)..];

    private static bool IsOfHttp1(string name) =>
        name.Equals("Connection", StringComparison.OrdinalIgnoreCase) || name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) || name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase);

    // Fields such as Content-Type belong to a body for HttpClient, also where a request has none.
    private static void Add(HttpRequestMessage request, string name, string value)
    {
        if (request.Headers.TryAddWithoutValidation(name, value))
            return;
        if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) || request.Content is not null)
            (request.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation(name, value);
    }
}
