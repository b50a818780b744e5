using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Connects inside the instance's network where it has one of its own, with a socket that the engine makes there; otherwise as usual.</summary>
public sealed class InstanceConnector(IEngineLink engine, SocketBudget sockets, ILogger<InstanceConnector> log) : IUpstreamConnector, IDisposable
{
    private readonly SocketStock stock = new(engine, sockets, log);
    private readonly LogShare share = new(log, LogLevel.Warning, TimeProvider.System);

    /// <inheritdoc/>
    public SocketBudget Sockets => sockets;

    public async ValueTask<Socket> ConnectAsync(Route route, CancellationToken cancellationToken)
    {
        var endpoint = route.Endpoint!;
        var isInside = endpoint.NamespacePid is not null || endpoint.NamespacePath is not null;
        var socket = isInside ? new CountedSocket(await TakeAsync(route, cancellationToken), sockets, route.InstanceId) : await MakeAsync(route);
        try
        {
            socket.NoDelay = true;
            if (IPAddress.TryParse(endpoint.Host, out var address))
                await socket.ConnectAsync(new IPEndPoint(address, endpoint.Port), cancellationToken);
            else
                await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Lets go of sockets into networks that no route leads to any more.</summary>
    public void Forget(RouteTable table) => stock.Keep(table.Hosts.Values.Select(route => route.Upstream).ToHashSet(StringComparer.Ordinal));

    /// <summary>The instance's network is another from now on.</summary>
    public void Drop(string instanceId) => stock.Drop(instanceId);

    public void Dispose()
    {
        stock.Dispose();
        share.Dispose();
    }

    private async ValueTask<CountedSocket> MakeAsync(Route route)
    {
        await sockets.TakeAsync(route.InstanceId);
        try
        {
            return new CountedSocket(sockets, route.InstanceId);
        }
        catch
        {
            sockets.Return(route.InstanceId);
            throw;
        }
    }

    // It is counted when it is there.
    private async Task<SafeSocketHandle> TakeAsync(Route route, CancellationToken cancellationToken)
    {
        try
        {
            return await stock.TakeAsync(route, cancellationToken);
        }
        catch (Exception failure) when (failure is EngineUnavailableException or TargetException or KeyNotFoundException or NotSupportedException)
        {
            if (share.Has(route.Slug))
                log.LogWarning("No socket for {Slug}: {Reason}", route.Slug, failure.Message);
            throw new NoWayInException("No socket can be made inside the instance's network.", failure);
        }
        catch (OperationCanceledException late)
        {
            // Or the client left, which its caller knows.
            throw new NoWayInException("No socket was made inside the instance's network in time.", late);
        }
    }
}
