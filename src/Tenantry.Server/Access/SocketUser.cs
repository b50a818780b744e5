using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Access;

/// <summary>The user at the other end of the Unix socket, as the kernel says.</summary>
internal sealed record SocketUser(uint UserId, bool IsAllowed)
{
    /// <summary>Reads it once a connection. Root may always ask.</summary>
    public static void Recognize(ListenOptions listener, IReadOnlySet<uint> allowed) => listener.Use(next => connection =>
    {
        var socket = connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        var user = PeerCredentials.Of(socket).UserId;
        connection.Features.Set(new SocketUser(user, user == 0 || allowed.Contains(user)));
        return next(connection);
    });
}
