using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tenantry.Bench;

/// <summary>Many connections that switch to WebSocket and say nothing: both ends of them, with the gateway in between.</summary>
internal sealed class IdleSockets : IAsyncDisposable
{
    private static readonly byte[] Switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"u8.ToArray();
    private static readonly byte[] Ask = Encoding.ASCII.GetBytes(
        "GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> clients = [];
    private readonly Task accepting;

    public IdleSockets()
    {
        listener.Start(4096);
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Count => clients.Count;

    public async Task OpenAsync(int gateway, int count, CancellationToken cancellationToken)
    {
        var buffer = new byte[1024];
        for (var i = 0; i < count; i++)
        {
            var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, gateway, cancellationToken);
            await client.SendAsync(Ask, cancellationToken);
            var length = await client.ReceiveAsync(buffer, cancellationToken);
            if (!Encoding.ASCII.GetString(buffer, 0, length).StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
                throw new InvalidOperationException("A WebSocket was refused: " + Encoding.ASCII.GetString(buffer, 0, length));
            clients.Add(client);
        }
    }

    /// <summary>How many still carry a byte there and back.</summary>
    public async Task<int> EchoAsync(CancellationToken cancellationToken)
    {
        var alive = 0;
        var buffer = new byte[16];
        foreach (var client in clients)
        {
            await client.SendAsync("x"u8.ToArray(), cancellationToken);
            alive += await client.ReceiveAsync(buffer, cancellationToken);
        }

        return alive;
    }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        foreach (var client in clients)
            client.Dispose();
        await accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptSocketAsync());
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The benchmark is over.
        }
    }

    private static async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            var head = new byte[4096];
            await socket.ReceiveAsync(head);
            await socket.SendAsync(Switched);
            var one = new byte[1];
            try
            {
                while (await socket.ReceiveAsync(one) > 0)
                    await socket.SendAsync(one);
            }
            catch (SocketException)
            {
                // It was cut.
            }
        }
    }
}
