using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>Who is at the other end of a connected Unix socket, as the kernel noted it when it connected.</summary>
/// <param name="ProcessId">Its process then; it may have ended since.</param>
/// <param name="UserId">Its user.</param>
/// <param name="GroupId">Its group.</param>
public sealed record PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    private const int SocketLevel = 1;
    private const int PeerCred = 17;

    /// <summary>Reads them (SO_PEERCRED).</summary>
    public static PeerCredentials Of(Socket socket)
    {
        Span<int> values = stackalloc int[3];
        var length = socket.GetRawSocketOption(SocketLevel, PeerCred, MemoryMarshal.AsBytes(values));
        return length == 12 ? new PeerCredentials(values[0], (uint)values[1], (uint)values[2]) : throw new IOException("The socket tells no peer.");
    }
}
