using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Tenantry.Server.Gateway;

/// <summary>The listening sockets of a gateway. They are apart from what accepts on them, so that the next gateway can take them over.</summary>
public sealed class GatewayDoors : IDisposable
{
    private const int Backlog = 512;

    // A client that vanished without a word is noticed after three minutes, also on a connection that nobody says anything on. Seconds.
    private const int QuietTime = 120;
    private const int BetweenQuestions = 15;
    private const int Questions = 4;

    // One that answers the kernel and takes nothing of what it was sent is cut by that, also where nothing waits for it any more. TCP_USER_TIMEOUT of tcp(7), in
    // milliseconds. It ends the kernel's questions, too: shorter than all of them, one that was lost would end a connection that is well.
    private const int TakeTime = (QuietTime + (BetweenQuestions * Questions)) * 1000;
    private const int UserTimeout = 18;

    private GatewayDoors(Socket plain, Socket? tls)
    {
        Plain = plain;
        Tls = tls;
    }

    /// <summary>For HTTP without TLS.</summary>
    public Socket Plain { get; }

    /// <summary>For HTTP over TLS, where there is that.</summary>
    public Socket? Tls { get; }

    /// <summary>Where <see cref="Plain"/> listens.</summary>
    public Uri Address => new($"http://{Plain.LocalEndPoint}");

    /// <summary>Where <see cref="Tls"/> listens.</summary>
    public Uri? TlsAddress => Tls is null ? null : new Uri($"https://{Tls.LocalEndPoint}");

    /// <exception cref="IOException">Somebody else has an address; the inner exception is an <see cref="AddressInUseException"/>.</exception>
    public static GatewayDoors Open(IPEndPoint plain, IPEndPoint? tls)
    {
        var first = Listen(plain, "http");
        try
        {
            return new GatewayDoors(first, tls is null ? null : Listen(tls, "https"));
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    /// <summary>Sockets that listen already.</summary>
    public static GatewayDoors Of(SafeSocketHandle plain, SafeSocketHandle? tls) => new(new Socket(plain), tls is null ? null : new Socket(tls));

    public void Dispose()
    {
        Plain.Dispose();
        Tls?.Dispose();
    }

    private static Socket Listen(IPEndPoint address, string scheme)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            // Connections inherit these.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, QuietTime);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, BetweenQuestions);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Questions);
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, UserTimeout, BitConverter.GetBytes(TakeTime));
            socket.Bind(address);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            throw new IOException($"Failed to bind to address {scheme}://{address}: address already in use.", new AddressInUseException(failure.Message, failure));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
