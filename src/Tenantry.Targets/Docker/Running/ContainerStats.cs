using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Running;

/// <summary>Counts what an instance's containers use.</summary>
internal sealed class ContainerStats(IEngine engine, TimeProvider time)
{
    private const double NanosecondsPerSecond = 1_000_000_000;

    internal async Task<InstanceStats> ReadAsync(IReadOnlyList<ContainerSeen> containers, CancellationToken cancellationToken)
    {
        var total = new InstanceStats(time.GetUtcNow(), null, null, containers.Sum(container => container.Share.MemoryBytes), null, null, null, null, containers.Sum(container => container.RestartCount));
        foreach (var container in containers.Where(container => container.State.IsUp))
            total = Add(total, await engine.GetAsync($"/containers/{container.Id}/stats?stream=false&one-shot=true", cancellationToken));
        return total;
    }

    /// <summary>Adds the engine's numbers of one container.</summary>
    internal static InstanceStats Add(InstanceStats total, JsonElement stats)
    {
        var memory = Find(stats, "memory_stats");
        var inactive = Number(Find(memory, "stats"), "total_inactive_file") ?? Number(Find(memory, "stats"), "inactive_file") ?? 0;
        var networks = Find(stats, "networks") is { ValueKind: JsonValueKind.Object } all ? all.EnumerateObject().Select(network => network.Value).ToList() : [];
        return total with
        {
            CpuSeconds = Sum(total.CpuSeconds, Number(Find(Find(stats, "cpu_stats"), "cpu_usage"), "total_usage") / NanosecondsPerSecond),
            MemoryBytes = Sum(total.MemoryBytes, Number(memory, "usage") - inactive),
            Pids = (int?)Sum(total.Pids, Number(Find(stats, "pids_stats"), "current")),
            ReceivedBytes = Sum(total.ReceivedBytes, networks.Sum(network => Number(network, "rx_bytes"))),
            SentBytes = Sum(total.SentBytes, networks.Sum(network => Number(network, "tx_bytes"))),
        };
    }

    private static JsonElement Find(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;

    private static long? Number(JsonElement json, string name) =>
        Find(json, name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : null;

    private static long? Sum(long? one, long? other) => one is null ? other : one + (other ?? 0);

    private static double? Sum(double? one, double? other) => one is null ? other : one + (other ?? 0);
}
