using System.Net.Sockets;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker.Engine;

/// <summary>The way to an engine.</summary>
internal interface IEngineDoor
{
    /// <summary>What a person calls it.</summary>
    string Name { get; }

    /// <summary>A new connection. Every failure is an <see cref="EngineException"/>.</summary>
    Task<EngineConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>The engine's process, when it is on this machine and can be seen; else null.</summary>
    Task<int?> FindProcessAsync(CancellationToken cancellationToken);
}

/// <summary>An open connection to an engine.</summary>
/// <param name="Stream">Both ways.</param>
/// <param name="EndInputAsync">Tells the other side that no more input comes.</param>
internal sealed record EngineConnection(Stream Stream, Func<Task> EndInputAsync);

/// <summary>An engine's socket on this machine.</summary>
internal sealed class UnixDoor(string path) : IEngineDoor
{
    public string Name => path;

    public async Task<EngineConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var socket = await ConnectAsync(cancellationToken);
        return new EngineConnection(new NetworkStream(socket, ownsSocket: true), () =>
        {
            if (socket.Connected)
                socket.Shutdown(SocketShutdown.Send);
            return Task.CompletedTask;
        });
    }

    public async Task<int?> FindProcessAsync(CancellationToken cancellationToken)
    {
        using var socket = await ConnectAsync(cancellationToken);
        return PeerCredentials.Of(socket) is { ProcessId: > 0 } peer ? peer.ProcessId : null;
    }

    private async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new EngineException(null, DockerErrors.Unreached(path, error), error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
