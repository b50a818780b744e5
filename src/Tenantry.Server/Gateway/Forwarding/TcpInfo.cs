using System.Buffers.Binary;
using System.Net.Sockets;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Asks the kernel about a connection (TCP_INFO of tcp(7)).</summary>
internal static class TcpInfo
{
    private const int Option = 11;

    // Its first byte is the state (net/tcp_states.h of Linux).
    private const byte Closed = 7;
    private const byte EndedByPeer = 8;

    // Where in it tcpi_unacked, tcpi_bytes_acked and tcpi_notsent_bytes stand.
    private const int UnderWay = 24;
    private const int BytesTaken = 120;
    private const int Unsent = 144;

    /// <summary>Of a socket that is closed here, too, nothing is taken any more.</summary>
    public static ClientSide SideOf(Socket socket)
    {
        Span<byte> told = stackalloc byte[1];
        return Ask(socket, told) == 0 ? ClientSide.Gone : told[0] switch
        {
            Closed => ClientSide.Gone,
            EndedByPeer => ClientSide.Ended,
            _ => ClientSide.There,
        };
    }

    /// <summary>Bytes that the other end's kernel has said to have; 0 where this is not known.</summary>
    public static long BytesTakenBy(Socket socket)
    {
        Span<byte> told = stackalloc byte[256];
        return Ask(socket, told) < BytesTaken + sizeof(long) ? 0 : BinaryPrimitives.ReadInt64LittleEndian(told[BytesTaken..]);
    }

    /// <summary>Something was sent that the other end's kernel has not said to have. False where this is not known.</summary>
    public static bool HasUnderWay(Socket socket)
    {
        Span<byte> told = stackalloc byte[256];
        return Ask(socket, told) >= Unsent + sizeof(uint)
            && (BinaryPrimitives.ReadUInt32LittleEndian(told[UnderWay..]) > 0 || BinaryPrimitives.ReadUInt32LittleEndian(told[Unsent..]) > 0);
    }

    private static int Ask(Socket socket, Span<byte> told)
    {
        try
        {
            return socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, Option, told);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
