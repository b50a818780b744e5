using System.Diagnostics;
using Tenantry.Server.Store;

namespace Tenantry.Server.Reconciling;

/// <summary>For benchmarks: looks once at every instance of a store, as the loop would when all are due, and says what that cost.</summary>
public static class NoOpMeasure
{
    private const int AtOnce = 500;

    /// <param name="store">All of its instances should be settled.</param>
    /// <param name="reconciler">Over the same store.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<NoOpReport> RunAsync(IStore store, Reconciler reconciler, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        for (string? cursor = null; ;)
        {
            var page = await store.ListInstancesAsync(new InstanceFilter(), new PageRequest(1000, cursor), cancellationToken);
            ids.AddRange(page.Items.Select(item => item.Spec.Id));
            if ((cursor = page.Next) is null)
                break;
        }
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        var restless = 0;
        foreach (var batch in ids.Chunk(AtOnce))
            restless += (await reconciler.LookAsync(batch, cancellationToken)).Count;
        var elapsed = watch.Elapsed;
        process.Refresh();
        return new NoOpReport(ids.Count, restless, process.TotalProcessorTime - cpu, elapsed, GC.GetTotalAllocatedBytes() - allocated);
    }
}

/// <summary>What looking once at every instance cost this process.</summary>
/// <param name="Instances">How many were looked at.</param>
/// <param name="Restless">How many of them need a pass: 0 in a benchmark that means something.</param>
/// <param name="Cpu">Time of all processors.</param>
/// <param name="Elapsed">Time by the clock.</param>
/// <param name="AllocatedBytes">Memory that was allocated and mostly thrown away.</param>
public sealed record NoOpReport(int Instances, int Restless, TimeSpan Cpu, TimeSpan Elapsed, long AllocatedBytes);
