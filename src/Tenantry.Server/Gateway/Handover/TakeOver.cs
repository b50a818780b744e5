using System.Net.Sockets;
using Tenantry.Server.Serving;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Handover;

/// <summary>The next gateway's side: takes the sockets of the one that serves, and tells it when it can go.</summary>
internal sealed class TakeOver : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Socket socket;

    private TakeOver(Socket socket, GatewayDoors doors)
    {
        this.socket = socket;
        Doors = doors;
    }

    public GatewayDoors Doors { get; }

    /// <exception cref="ServeRefusedException">No gateway serves there.</exception>
    public static async Task<TakeOver> BeginAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            var message = await DescriptorPassing.ReceiveAsync(socket, new byte[16], cancellationToken).WaitAsync(Patience, cancellationToken);
            if (message.Descriptors.Count is not (1 or 2))
                throw new IOException("it gave no sockets");
            var handles = message.Descriptors.Select(descriptor => descriptor.TakeSocket()).ToList();
            return new TakeOver(socket, GatewayDoors.Of(handles[0], handles.ElementAtOrDefault(1)));
        }
        catch (Exception failure) when (failure is SocketException or IOException or TimeoutException)
        {
            socket.Dispose();
            throw new ServeRefusedException($"--take-over: no gateway of this data folder hands over its sockets ({failure.Message}). A gateway that plays other roles too does not: stop that 'tenantry serve' first. Otherwise start without --take-over, or look whether 'tenantry serve --role gateway' runs on the folder.");
        }
    }

    /// <summary>This gateway serves: the other one lets go and drains.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await socket.SendAsync(new[] { HandoverWords.Serving }, SocketFlags.None, cancellationToken);
        var word = new byte[1];
        await socket.ReceiveAsync(word, SocketFlags.None, cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
    }

    public void Dispose() => socket.Dispose();
}
