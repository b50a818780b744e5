using System.Net.Sockets;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Makes connections to instances.</summary>
public interface IUpstreamConnector
{
    /// <summary>A new connection. Throws <see cref="NoWayInException"/> when no socket can be made that reaches the instance.</summary>
    ValueTask<Socket> ConnectAsync(Route route, CancellationToken cancellationToken);
}

/// <summary>Nobody makes a socket inside the instance's network now.</summary>
public sealed class NoWayInException(string message, Exception cause) : IOException(message, cause);
