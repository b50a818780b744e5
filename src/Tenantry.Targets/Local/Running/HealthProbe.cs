using System.Net;
using System.Net.Sockets;
using System.Text;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Streams;

namespace Tenantry.Targets.Local.Running;

/// <summary>Asks a service once how it is.</summary>
internal sealed class HealthProbe(NamespaceSockets sockets, ExecRunner exec)
{
    private const int MostKept = 400;

    /// <summary>Null when it is well, else why not. Ends within the check's timeout.</summary>
    internal async Task<string?> AskAsync(InstancePaths paths, ServiceFile service, HealthWorkload health, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(health.Timeout);
        try
        {
            if (health.Command is { Count: > 0 } command)
                return await RunAsync(paths, service, command, limit.Token);
            var port = health.Port ?? service.Ports.FirstOrDefault()?.Number ?? throw new TargetException($"Service {service.Name} has a health check without a port.", retryable: false);
            using var socket = new Socket(await sockets.OpenTcpAsync(paths.Network, cancellationToken: limit.Token)) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), limit.Token);
            return health.HttpPath is null ? null : await HealthAnswer.AskAsync(socket, health.HttpPath, port, $"GET {health.HttpPath}", limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"{Name(health)} did not answer within {health.Timeout.TotalSeconds:0.###} s";
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return $"{Name(health)}: {error.Message}";
        }
        catch (TargetException error) when (error.Retryable)
        {
            return $"{Name(health)}: {error.Message}";
        }
    }

    private static string Name(HealthWorkload health) =>
        health.HttpPath is not null ? $"GET {health.HttpPath}" : health.Command is { Count: > 0 } command ? command[0] : $"port {health.Port}";

    private async Task<string?> RunAsync(InstancePaths paths, ServiceFile service, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var said = new StringBuilder();
        ValueTask Keep(ReadOnlyMemory<byte> piece, CancellationToken token)
        {
            lock (said)
            {
                if (said.Length < MostKept)
                    said.Append(Encoding.UTF8.GetString(piece.Span));
            }

            return ValueTask.CompletedTask;
        }

        var code = await exec.RunAsync(paths, service, command, null, Keep, Keep, cancellationToken);
        if (code == 0)
            return null;
        var text = said.ToString().Trim();
        return $"{command[0]} ended with exit code {code}{(text.Length > 0 ? $": {text}" : "")}";
    }
}
