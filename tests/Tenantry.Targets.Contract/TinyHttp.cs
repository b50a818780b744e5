using System.Net.Sockets;
using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Contract;

/// <summary>One GET over a socket that the target made inside the instance's network namespace.</summary>
public static class TinyHttp
{
    /// <summary>The whole answer, head and body.</summary>
    public static async Task<string> GetAsync(ISockets sockets, Endpoint endpoint, CancellationToken cancellationToken, string path = "/")
    {
        using var socket = new Socket(await sockets.OpenSocketAsync(endpoint, cancellationToken));
        await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\nHost: sample\r\n\r\n"), cancellationToken);
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
