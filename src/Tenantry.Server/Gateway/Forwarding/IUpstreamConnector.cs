using System.Net.Sockets;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Makes connections to instances.</summary>
public interface IUpstreamConnector
{
    /// <summary>Counts the sockets that it makes.</summary>
    SocketBudget Sockets { get; }

    /// <summary>
    /// A new connection. Throws <see cref="NoWayInException"/> when no socket can be made that reaches the instance, and <see cref="NoRoomException"/> when there are too many.
    /// </summary>
    ValueTask<Socket> ConnectAsync(Route route, CancellationToken cancellationToken);
}

/// <summary>Nobody makes a socket inside the instance's network now.</summary>
public sealed class NoWayInException(string message, Exception cause) : IOException(message, cause);
