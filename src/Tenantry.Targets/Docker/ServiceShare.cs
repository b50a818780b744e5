using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Docker;

/// <summary>What one container of an instance may use: services share the instance's limits evenly, so that together they stay within them.</summary>
/// <param name="MemoryBytes">Hard limit; no swap beyond it.</param>
/// <param name="MemoryReservationBytes">What it keeps when memory is scarce.</param>
/// <param name="NanoCpus">Billionths of a core.</param>
/// <param name="CpuShares">Weight when CPU is scarce: 1024 a core.</param>
/// <param name="Pids">Processes and threads.</param>
internal sealed record ServiceShare(long MemoryBytes, long MemoryReservationBytes, long NanoCpus, long CpuShares, long Pids)
{
    private const long LeastMemory = 6 * 1024 * 1024;
    private const long LeastCpuShares = 2;

    internal static ServiceShare Of(ResourceLimits limits, int services) => new(
        Math.Max(limits.MemoryBytes / services, LeastMemory),
        Math.Min(Math.Max(limits.MemoryReservationBytes / services, LeastMemory), Math.Max(limits.MemoryBytes / services, LeastMemory)),
        (long)(limits.Cpu * 1_000_000_000m / services),
        Math.Max((long)(limits.CpuReservation * 1024m / services), LeastCpuShares),
        Math.Max(limits.Pids / services, 1));

    /// <summary>As the Engine API spells it, for a new container and for a change of one that runs.</summary>
    internal void Write(JsonObject host)
    {
        host["Memory"] = MemoryBytes;
        host["MemorySwap"] = MemoryBytes;
        host["MemoryReservation"] = MemoryReservationBytes;
        host["NanoCpus"] = NanoCpus;
        host["CpuShares"] = CpuShares;
        host["PidsLimit"] = Pids;
    }
}
