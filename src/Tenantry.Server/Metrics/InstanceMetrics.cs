using Tenantry.Model.Instances;
using Tenantry.Server.Instances;

namespace Tenantry.Server.Metrics;

/// <summary>How many instances there are in each phase and health.</summary>
public sealed class InstanceMetrics(InstanceIndex index) : IMetricSource
{
    public ValueTask WriteAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        var all = index.All;
        text.Begin("tenantry_instances", "gauge", "Instances by phase.");
        foreach (var phase in Enum.GetValues<InstancePhase>().Where(p => p != InstancePhase.Deleted))
            text.Sample("tenantry_instances", all.Count(i => i.Phase == phase), ("phase", phase.ToString()));
        text.Begin("tenantry_instances_unhealthy", "gauge", "Running instances by health that is not Healthy.");
        foreach (var health in Enum.GetValues<InstanceHealth>().Where(h => h != InstanceHealth.Healthy))
            text.Sample("tenantry_instances_unhealthy", all.Count(i => i.Phase == InstancePhase.Running && i.Health == health), ("health", health.ToString()));
        return ValueTask.CompletedTask;
    }
}
