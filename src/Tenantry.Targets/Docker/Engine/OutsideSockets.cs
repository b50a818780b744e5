using System.Net.Sockets;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker.Engine;

/// <summary>TCP sockets that reach an engine on another machine.</summary>
/// <param name="sockets">Makes them where they are to be made in another network.</param>
/// <param name="network">File of the network namespace that they begin in; null for that of this process.</param>
internal sealed class OutsideSockets(NamespaceSockets sockets, string? network)
{
    private const string OwnNetwork = "/proc/self/ns/net";

    /// <summary>One that is not connected yet.</summary>
    internal async Task<Socket> OpenAsync(CancellationToken cancellationToken)
    {
        var socket = network is null
            ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(await sockets.OpenTcpAsync(network, cancellationToken: cancellationToken));
        socket.NoDelay = true;
        return socket;
    }

    /// <summary>The same as a handle, which the caller owns.</summary>
    internal async Task<SafeSocketHandle> OpenHandleAsync(CancellationToken cancellationToken) =>
        await sockets.OpenTcpAsync(network ?? OwnNetwork, cancellationToken: cancellationToken);
}
