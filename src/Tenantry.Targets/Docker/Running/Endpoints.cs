using System.Globalization;
using Tenantry.Model.Instances;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Running;

/// <summary>How a port of a container is reached.</summary>
internal static class Endpoints
{
    private const string Loopback = "127.0.0.1";

    /// <summary>
    /// On this machine inside the container's network namespace: by the file that the engine keeps of it, which goes with it, while a process's number can be
    /// another's after a restart of the engine; by number where that file cannot be seen from here. On another machine where the port is published; null while it is not.
    /// </summary>
    internal static Endpoint? Of(ContainerSeen first, int port, RemoteEngine? remote)
    {
        var network = first.Raw.GetProperty("NetworkSettings");
        if (remote is not null)
            return PublishedAt(network, port) is { } published ? new Endpoint(remote.Publish.ToString(), published) : null;
        var file = network.TryGetProperty("SandboxKey", out var key) ? key.GetString() : null;
        return File.Exists(file) ? new Endpoint(Loopback, port, NamespacePath: file) : new Endpoint(Loopback, port, first.State.Pid);
    }

    private static int? PublishedAt(System.Text.Json.JsonElement network, int port) =>
        network.TryGetProperty("Ports", out var ports) && ports.ValueKind == System.Text.Json.JsonValueKind.Object
        && ports.TryGetProperty($"{port}/tcp", out var bound) && bound.ValueKind == System.Text.Json.JsonValueKind.Array && bound.GetArrayLength() > 0
            ? int.Parse(bound[0].GetProperty("HostPort").GetString()!, NumberStyles.None, CultureInfo.InvariantCulture)
            : null;
}
