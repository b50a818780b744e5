using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Streams;

namespace Tenantry.Targets.Docker.Running;

/// <summary>What a service's check says.</summary>
internal sealed record HealthSeen(InstanceHealth Health, string? Reason);

/// <summary>
/// Asks services how they are: HTTP and TCP from outside, through a socket made in the container's network namespace, since an
/// image may hold no program that could ask; commands are asked by the engine.
/// </summary>
internal sealed class ServiceHealth(DockerHost host)
{
    private readonly ConcurrentDictionary<string, (DateTimeOffset Start, InstanceHealth Health, int Failures)> _known = new(StringComparer.Ordinal);

    /// <summary>Asks once. <paramref name="container"/> runs.</summary>
    internal async Task<HealthSeen> AskAsync(ContainerSeen container, CancellationToken cancellationToken)
    {
        if (container.State.Health is { } engines)
        {
            return engines switch
            {
                "healthy" => new HealthSeen(InstanceHealth.Healthy, null),
                "unhealthy" => new HealthSeen(InstanceHealth.Unhealthy, $"its check fails: {container.State.HealthOutput}"),
                _ => new HealthSeen(InstanceHealth.Starting, container.State.HealthOutput is { Length: > 0 } output ? $"its check says: {output}" : "its check has not run yet"),
            };
        }

        if (container.Shape?.Health is not { Port: { } port } health)
            return new HealthSeen(InstanceHealth.Healthy, null);
        var reason = await TryAsync(container, health, port, cancellationToken);
        return new HealthSeen(Judge(container, health, reason), reason);
    }

    internal void Forget(string containerId) => _known.TryRemove(containerId, out _);

    private InstanceHealth Judge(ContainerSeen container, HealthWorkload health, string? reason)
    {
        var start = container.State.StartedAt;
        var before = _known.TryGetValue(container.Id, out var known) && known.Start == start ? known : (Start: start, Health: InstanceHealth.Starting, Failures: 0);
        if (reason is null)
        {
            _known[container.Id] = (start, InstanceHealth.Healthy, 0);
            return InstanceHealth.Healthy;
        }

        if (before.Health == InstanceHealth.Starting && host.Time.GetUtcNow() - start < health.StartPeriod)
            return InstanceHealth.Starting;
        var failures = before.Failures + 1;
        var now = failures >= Math.Max(health.Retries, 1) ? InstanceHealth.Unhealthy : before.Health;
        _known[container.Id] = (start, now, failures);
        return now;
    }

    private async Task<string?> TryAsync(ContainerSeen container, HealthWorkload health, int port, CancellationToken cancellationToken)
    {
        var name = health.HttpPath is null ? $"port {port}" : $"GET {health.HttpPath} on port {port}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(health.Timeout);
        try
        {
            using var socket = await ConnectAsync(container, port, limit.Token);
            return health.HttpPath is null ? null : await HealthAnswer.AskAsync(socket, health.HttpPath, port, name, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"{name} did not answer within {health.Timeout.TotalSeconds:0.###} s";
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return $"{name}: {error.Message}";
        }
    }

    private async Task<Socket> ConnectAsync(ContainerSeen container, int port, CancellationToken cancellationToken)
    {
        var (socket, address) = host.Options.Remote is { } remote
            ? (await host.Outside.OpenAsync(cancellationToken), new IPEndPoint(remote.Publish, await PublishedAsync(container, port, remote, cancellationToken)))
            : (new Socket(await host.Sockets.OpenTcpAsync($"/proc/{container.State.Pid}/ns/net", cancellationToken: cancellationToken)) { NoDelay = true }, new IPEndPoint(IPAddress.Loopback, port));
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Services share the first one's network, and their ports are published there.
    private async Task<int> PublishedAsync(ContainerSeen container, int port, RemoteEngine remote, CancellationToken cancellationToken)
    {
        const string Peer = "container:";
        var first = container.NetworkMode.StartsWith(Peer, StringComparison.Ordinal)
            ? await host.Reader.FindAsync(container.NetworkMode[Peer.Length..], cancellationToken) ?? throw new IOException("the first service's container is gone")
            : container;
        return Endpoints.Of(first, port, remote)?.Port ?? throw new IOException("it is not published");
    }
}
