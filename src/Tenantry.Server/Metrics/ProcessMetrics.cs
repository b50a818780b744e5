using System.Diagnostics;

namespace Tenantry.Server.Metrics;

/// <summary>What this process is and uses. <paramref name="role"/> tells the engine's process from the web side's.</summary>
public sealed class ProcessMetrics(string version, string role) : IMetricSource
{
    public ValueTask WriteAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        using var self = Process.GetCurrentProcess();
        text.Begin($"tenantry_{role}_build_info", "gauge", "The version of this program; always 1.");
        text.Sample($"tenantry_{role}_build_info", 1, ("version", version));
        text.Single($"tenantry_{role}_cpu_seconds_total", "counter", "CPU time of the process.", self.TotalProcessorTime.TotalSeconds);
        text.Single($"tenantry_{role}_memory_bytes", "gauge", "Resident memory of the process.", self.WorkingSet64);
        return ValueTask.CompletedTask;
    }
}
