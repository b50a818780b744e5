using System.Net.Sockets;
using System.Text;

namespace Tenantry.Bench;

/// <summary>Asks until the first 200, every millisecond.</summary>
internal static class Answer
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    public static Task UntilOkAsync(int port, string host, CancellationToken cancellationToken) =>
        UntilOkAsync(_ => Task.FromResult(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)), port, host, cancellationToken);

    /// <summary>The same over sockets that <paramref name="open"/> makes, such as inside a container's network.</summary>
    public static async Task UntilOkAsync(Func<CancellationToken, Task<Socket>> open, int port, string host, CancellationToken cancellationToken)
    {
        while (!await IsOkAsync(open, port, host, cancellationToken))
            await Task.Delay(Pause, cancellationToken);
    }

    private static async Task<bool> IsOkAsync(Func<CancellationToken, Task<Socket>> open, int port, string host, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = await open(cancellationToken);
            socket.NoDelay = true;
            await socket.ConnectAsync("127.0.0.1", port, cancellationToken);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), cancellationToken);
            var buffer = new byte[64];
            var count = await socket.ReceiveAsync(buffer, cancellationToken);
            return count >= 12 && Encoding.ASCII.GetString(buffer, 9, 3) == "200";
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
