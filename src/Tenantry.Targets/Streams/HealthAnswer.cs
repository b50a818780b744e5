using System.Net.Sockets;
using System.Text;

namespace Tenantry.Targets.Streams;

/// <summary>Asks an app for its health by HTTP. Of what it says no more than a first line is read, however much it says.</summary>
internal static class HealthAnswer
{
    private const int LongestLine = 256;

    /// <summary>Null when it is well, else why not.</summary>
    /// <param name="socket">Connected to the app.</param>
    /// <param name="path">What to ask for.</param>
    /// <param name="port">The app's port, for the Host.</param>
    /// <param name="name">What this is called in the reason.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<string?> AskAsync(Socket socket, string path, int port, string name, CancellationToken cancellationToken)
    {
        var request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: tenantry-health\r\nAccept: */*\r\nConnection: close\r\n\r\n");
        await socket.SendAsync(request, SocketFlags.None, cancellationToken);
        var buffer = new byte[LongestLine];
        var count = 0;
        while (count < buffer.Length && !buffer.AsSpan(0, count).Contains((byte)'\n'))
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(count), SocketFlags.None, cancellationToken);
            if (received == 0)
                break;
            count += received;
        }

        var status = Encoding.ASCII.GetString(buffer, 0, count).Split('\r', '\n')[0];
        var parts = status.Split(' ');
        if (parts.Length < 2 || !parts[0].StartsWith("HTTP/", StringComparison.Ordinal) || !int.TryParse(parts[1], out var code))
            return $"{name}: the answer is not HTTP";
        return code is >= 200 and < 400 ? null : $"{name} answered {code}";
    }
}
