using System.Net;
using System.Net.Sockets;

namespace Tenantry.Server.Tests.Serving;

/// <summary>
/// Ports for programs that have to be told one before they start. They lie below those that the kernel hands out by itself (from 32768 on), so that no socket of another
/// test gets it in between.
/// </summary>
internal static class FreePort
{
    private const int First = 12_000;
    private const int Last = 32_000;

    public static int Take()
    {
        for (var tries = 0; ; tries++)
        {
            var port = Random.Shared.Next(First, Last);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException) when (tries < 100)
            {
                // Somebody listens there: another one.
            }
        }
    }
}
