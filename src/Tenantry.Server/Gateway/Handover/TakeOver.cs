using System.Net.Sockets;
using Tenantry.Server.Serving;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Handover;

/// <summary>The next gateway's side: takes the sockets of the one that serves, and tells it when it can go.</summary>
internal sealed class TakeOver : IDisposable
{
    /// <summary>For each answer of the one that serves.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Socket socket;
    private readonly TimeSpan patience;

    private TakeOver(Socket socket, GatewayDoors doors, TimeSpan patience)
    {
        this.socket = socket;
        this.patience = patience;
        Doors = doors;
    }

    public GatewayDoors Doors { get; }

    /// <exception cref="ServeRefusedException">No gateway serves there.</exception>
    public static async Task<TakeOver> BeginAsync(string path, TimeSpan patience, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            var message = await DescriptorPassing.ReceiveAsync(socket, new byte[16], cancellationToken).WaitAsync(patience, cancellationToken);
            if (message.Descriptors.Count is not (1 or 2))
                throw new IOException("it gave no sockets");
            var handles = message.Descriptors.Select(descriptor => descriptor.TakeSocket()).ToList();
            return new TakeOver(socket, GatewayDoors.Of(handles[0], handles.ElementAtOrDefault(1)), patience);
        }
        catch (Exception failure) when (failure is SocketException or IOException or TimeoutException)
        {
            socket.Dispose();
            throw new ServeRefusedException($"--take-over: no gateway of this data folder hands over its sockets ({failure.Message}). A gateway that plays other roles too does not: stop that 'tenantry serve' first. Otherwise start without --take-over, or look whether 'tenantry serve --role gateway' runs on the folder and whether another one that was to take over from it hangs: its log names that one.");
        }
    }

    /// <summary>This gateway serves: the other one lets go. False when it does not answer; when it has ended there is nobody to wait for.</summary>
    public async Task<bool> FinishAsync(CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(new[] { HandoverWords.Serving }, SocketFlags.None, cancellationToken);
            await socket.ReceiveAsync(new byte[1], SocketFlags.None, cancellationToken).AsTask().WaitAsync(patience, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>This gateway holds what the other one let go of, which is to drain and end.</summary>
    public async Task HoldAsync(CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(new[] { HandoverWords.Holding }, SocketFlags.None, cancellationToken);
        }
        catch (SocketException)
        {
            // It has ended.
        }
    }

    public void Dispose() => socket.Dispose();
}
