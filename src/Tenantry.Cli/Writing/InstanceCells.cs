using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Writing;

/// <summary>How an instance's state looks in tables.</summary>
internal static class InstanceCells
{
    public static Cell Phase(InstanceResponse instance)
    {
        var text = instance.Phase.ToString();
        return instance.Phase switch
        {
            InstancePhase.Running => Cell.Good(text),
            InstancePhase.Failed => Cell.Bad(text),
            InstancePhase.Frozen or InstancePhase.Asleep or InstancePhase.Deleted => Cell.Quiet(text),
            _ => Cell.Busy(text),
        };
    }

    public static Cell Health(InstanceResponse instance) => instance.Health switch
    {
        InstanceHealth.Healthy => Cell.Good("Healthy"),
        InstanceHealth.Unhealthy => Cell.Bad("Unhealthy"),
        InstanceHealth.Starting => Cell.Busy("Starting"),
        _ => "-",
    };

    /// <summary>What a person should know beyond phase and health.</summary>
    public static string Remark(InstanceResponse instance)
    {
        if (instance.Reason.Length > 0)
            return instance.Reason;
        if (instance.Drift.Count > 0)
            return $"drift: {string.Join(", ", instance.Drift.Select(d => d.Resource))}";
        return instance.ObservedGeneration < instance.Generation ? "a change is under way" : "";
    }
}
