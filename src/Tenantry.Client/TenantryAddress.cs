using System.Net.Sockets;

namespace Tenantry.Client;

/// <summary>Where a control plane is reached: a Unix socket on this machine, or HTTP.</summary>
public sealed record TenantryAddress
{
    private TenantryAddress(string? socket, Uri baseAddress)
    {
        Socket = socket;
        BaseAddress = baseAddress;
    }

    /// <summary>Absolute path of the socket, or null for HTTP.</summary>
    public string? Socket { get; }

    /// <summary>What requests are relative to; ends with a slash.</summary>
    public Uri BaseAddress { get; }

    /// <summary>The API's socket of a control plane on this machine.</summary>
    public static TenantryAddress OfSocket(string path) => new(Path.GetFullPath(path), new Uri("http://tenantry/"));

    /// <summary>Reads <c>unix:/path/to/api.sock</c>, a path to a socket, or <c>http(s)://host:port[/base]</c>.</summary>
    /// <exception cref="FormatException">It is none of them; the message says what is allowed.</exception>
    public static TenantryAddress Parse(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal) && text.Length > "unix:".Length)
        {
            var path = text["unix:".Length..];
            return OfSocket(path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path);
        }

        if (text.StartsWith('/'))
            return OfSocket(text);
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0)
            return new(null, new Uri(uri.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"));
        throw new FormatException($"'{text}' is not an address of a control plane: use http://HOST:PORT, https://HOST or unix:/PATH/api.sock.");
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Socket is null ? BaseAddress.ToString().TrimEnd('/') : "unix:" + Socket;

    internal SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler
        {
            UseCookies = false,
            UseProxy = Socket is null,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (Socket is { } path)
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(path, cancellationToken);
        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
