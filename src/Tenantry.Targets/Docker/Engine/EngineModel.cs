using System.Globalization;
using System.Text.Json;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker;

namespace Tenantry.Targets.Docker.Engine;

/// <summary>A container as the engine describes it.</summary>
internal sealed record ContainerSeen(
    string Id,
    string Name,
    IReadOnlyDictionary<string, string> Labels,
    ContainerState State,
    int RestartCount,
    string NetworkMode,
    ServiceShare Share,
    JsonElement Raw)
{
    private const string SharedNetwork = "container:";

    /// <summary>Id of its image.</summary>
    internal string Image => Raw.GetProperty("Image").GetString()!;

    internal string? Service => Labels.GetValueOrDefault(DockerLabels.Service);

    /// <summary>Id of the container whose network it shares, or null for one in a network of its own.</summary>
    internal string? PeerId => NetworkMode.StartsWith(SharedNetwork, StringComparison.Ordinal) ? NetworkMode[SharedNetwork.Length..] : null;

    internal ServiceShape? Shape { get; } = ServiceShape.Read(Labels.GetValueOrDefault(DockerLabels.Shape));

    internal static ContainerSeen Read(JsonElement json)
    {
        var host = json.GetProperty("HostConfig");
        return new ContainerSeen(
            json.GetProperty("Id").GetString()!,
            json.GetProperty("Name").GetString()!.TrimStart('/'),
            LabelsOf(json.GetProperty("Config")),
            ContainerState.Read(json.GetProperty("State")),
            json.GetProperty("RestartCount").GetInt32(),
            host.GetProperty("NetworkMode").GetString() ?? "",
            new ServiceShare(Number(host, "Memory"), Number(host, "MemoryReservation"), Number(host, "NanoCpus"), Number(host, "CpuShares"), Number(host, "PidsLimit")),
            json);
    }

    internal static IReadOnlyDictionary<string, string> LabelsOf(JsonElement json) =>
        json.TryGetProperty("Labels", out var labels) && labels.ValueKind == JsonValueKind.Object
            ? labels.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString() ?? "", StringComparer.Ordinal)
            : new Dictionary<string, string>(StringComparer.Ordinal);

    private static long Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : 0;
}

/// <summary>What a container is doing.</summary>
/// <param name="Status">The engine's word: created, running, paused, restarting, exited, removing or dead.</param>
/// <param name="Pid">Its first process, on the engine's machine; 0 when there is none.</param>
/// <param name="ExitCode">Of its last end.</param>
/// <param name="OutOfMemory">True when the kernel killed it for its memory limit.</param>
/// <param name="Error">Why the engine could not start it; empty when it could.</param>
/// <param name="StartedAt">Of its last start.</param>
/// <param name="Health">What the engine's own check says: starting, healthy, unhealthy; null without one.</param>
/// <param name="HealthOutput">What the last check printed.</param>
internal sealed record ContainerState(
    string Status, int Pid, int ExitCode, bool OutOfMemory, string Error, DateTimeOffset StartedAt, string? Health, string? HealthOutput)
{
    internal bool IsRunning => Status == "running";

    internal bool IsPaused => Status == "paused";

    /// <summary>True for what has to be stopped before it is stopped.</summary>
    internal bool IsUp => Status is "running" or "paused" or "restarting";

    /// <summary>True for what is left of a container that was being removed: it never runs again, and holds its name.</summary>
    internal bool IsRemains => Status is "dead" or "removing";

    internal static ContainerState Read(JsonElement json)
    {
        string? health = null, output = null;
        if (json.TryGetProperty("Health", out var seen) && seen.ValueKind == JsonValueKind.Object)
        {
            health = seen.GetProperty("Status").GetString();
            if (seen.TryGetProperty("Log", out var log) && log.ValueKind == JsonValueKind.Array && log.GetArrayLength() > 0)
                output = log[log.GetArrayLength() - 1].GetProperty("Output").GetString()?.Trim();
        }

        return new ContainerState(
            json.GetProperty("Status").GetString()!,
            json.GetProperty("Pid").GetInt32(),
            json.GetProperty("ExitCode").GetInt32(),
            json.GetProperty("OOMKilled").GetBoolean(),
            json.GetProperty("Error").GetString() ?? "",
            DateTimeOffset.TryParse(json.GetProperty("StartedAt").GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : default,
            health is "none" ? null : health,
            output);
    }
}

/// <summary>All that the engine holds of an instance.</summary>
/// <param name="Network">Labels of its network, or null.</param>
/// <param name="Volumes">Its volumes by the manifest's names, in order.</param>
/// <param name="Services">Its services' containers by service, in no order.</param>
/// <param name="Former">Containers that a replacement left, by service.</param>
/// <param name="Carrier">Id of a container for archives that was left, or null.</param>
internal sealed record InstanceSeen(
    IReadOnlyDictionary<string, string>? Network,
    IReadOnlyList<string> Volumes,
    IReadOnlyDictionary<string, ContainerSeen> Services,
    IReadOnlyDictionary<string, ContainerSeen> Former,
    string? Carrier)
{
    internal bool IsNothing => Network is null && Volumes.Count == 0 && Services.Count == 0 && Former.Count == 0 && Carrier is null;

    /// <summary>False for a container that shares the network of one that is no more, and so never starts again.</summary>
    internal bool HasNetworkOf(ContainerSeen container) => container.PeerId is not { } peer || Services.Values.Concat(Former.Values).Any(one => one.Id == peer);

    /// <summary>True when there is a container for each service, and each is what its service wants.</summary>
    internal bool IsAsWanted(InstanceWorkload workload, DockerContainers making) => Services.Count == workload.Services.Count
        && workload.Services.All(service => Services.TryGetValue(service.Name, out var container) && container.Labels.GetValueOrDefault(DockerLabels.ServiceDigest) == making.DigestOf(service));

    /// <summary>What the containers say that the whole instance is, or null without one.</summary>
    internal ServiceShape? Shape => Ordered.Select(container => container.Shape).FirstOrDefault(shape => shape is not null);

    /// <summary>The services' containers, in the order in which they were created.</summary>
    internal IEnumerable<ContainerSeen> Ordered
    {
        get
        {
            var order = Services.Values.Select(container => container.Shape).FirstOrDefault(shape => shape is not null)?.Services.ToList() ?? [];
            return Services.Values
                .OrderBy(container => order.IndexOf(container.Service!) is >= 0 and var place ? place : int.MaxValue)
                .ThenBy(container => container.Service, StringComparer.Ordinal);
        }
    }
}
