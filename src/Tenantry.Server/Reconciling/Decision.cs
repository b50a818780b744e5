using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// The way of an instance, from what is seen to what is wanted, one action at a time; after each the target is looked at anew. What
/// woke the reconciler, and what it did before, plays no part.
/// </summary>
internal static class Decision
{
    /// <summary>It only has to be let go on: <see cref="WorkAction.Wake"/>, whatever a plan would say, so that requests which wait need not wait for one.</summary>
    public static bool IsThaw(InstanceRecord record, InstanceWorkload workload, InstanceObservation seen) =>
        record.Desired == DesiredState.Running && seen is { State: ObservedState.Frozen, Drift.Count: 0 } && seen.WorkloadDigest == workload.Digest && seen.RestartNonce == workload.RestartNonce;

    public static WorkAction Next(Situation now)
    {
        // A wake that was cut off before anything ran, and is not wanted any more: nothing is to be made, what it made is to be given back.
        if (now is { Seen.State: ObservedState.Partial, Desired: DesiredState.Asleep, Plan.IsEmpty: true })
            return WorkAction.Sleep;

        // Something is missing: a creation, a change that was cut off, or damage by hand.
        if (now.Seen.State is ObservedState.Absent or ObservedState.Partial)
            return WorkAction.Apply;

        // Another workload is wanted than the one that is there: release, tier, secrets, a feature.
        if (!now.HasWantedDigest && !now.LeavesDifferences)
            return WorkAction.Apply;

        // The pieces are not as they were made.
        if (now.Seen.Drift.Count > 0 && !now.LeavesDifferences)
            return WorkAction.Apply;

        // What is stopped starts anew anyway.
        if (now.Seen.RestartNonce != now.Workload.RestartNonce && now.Desired != DesiredState.Asleep)
            return WorkAction.Apply;

        return (now.Desired, now.Seen.State) switch
        {
            (DesiredState.Running, ObservedState.Stopped or ObservedState.Frozen) => WorkAction.Wake,
            (DesiredState.Running, ObservedState.Running) when !now.Plan.IsEmpty && !now.LeavesDifferences => WorkAction.Apply,
            (DesiredState.Frozen, ObservedState.Stopped) => WorkAction.Wake,
            (DesiredState.Frozen, ObservedState.Running) => WorkAction.Freeze,
            (DesiredState.Asleep, ObservedState.Running or ObservedState.Frozen) => WorkAction.Sleep,
            _ => WorkAction.Rest,
        };
    }
}
