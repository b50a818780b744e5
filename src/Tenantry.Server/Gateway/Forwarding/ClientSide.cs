using System.Net.Sockets;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>What the kernel knows of a client, which is more than what was read of it.</summary>
internal enum ClientSide
{
    There,

    /// <summary>It has ended its side and may still read.</summary>
    Ended,

    /// <summary>It takes nothing any more.</summary>
    Gone,
}

/// <summary>Asks the kernel.</summary>
internal static class ClientSides
{
    // TCP_INFO of tcp(7): its first byte is the state (net/tcp_states.h of Linux).
    private const int Info = 11;
    private const byte Closed = 7;
    private const byte EndedByPeer = 8;

    public static ClientSide Of(Socket socket)
    {
        Span<byte> state = stackalloc byte[1];
        try
        {
            socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, Info, state);
        }
        catch (Exception over) when (over is ObjectDisposedException or SocketException)
        {
            return ClientSide.Gone;
        }

        return state[0] switch
        {
            Closed => ClientSide.Gone,
            EndedByPeer => ClientSide.Ended,
            _ => ClientSide.There,
        };
    }
}
