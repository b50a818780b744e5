using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>What is known when it is decided what to do next: what is wanted, what was seen last, and what the target would do.</summary>
/// <param name="Record">Spec and status as they were when the pass began.</param>
/// <param name="Workload">What is wanted, resolved.</param>
/// <param name="Seen">What the target sees now.</param>
/// <param name="Plan">What the target would do.</param>
/// <param name="RepairsDrift">The target's policy.</param>
internal sealed record Situation(InstanceRecord Record, InstanceWorkload Workload, InstanceObservation Seen, Plan Plan, bool RepairsDrift)
{
    public DesiredState Desired => Record.Desired;

    public bool HasWantedDigest => Seen.WorkloadDigest == Workload.Digest;

    /// <summary>Somebody else than Tenantry changed something: it was as wanted at this very generation, and now differs.</summary>
    public bool IsDrift => Record.Status.ObservedGeneration == Record.Spec.Generation && Record.Status.Phase is
        InstancePhase.Running or InstancePhase.Frozen or InstancePhase.Asleep;

    /// <summary>Differences that are told and left alone.</summary>
    public bool LeavesDifferences => IsDrift && !RepairsDrift;

    /// <summary>It should be up and is not.</summary>
    public bool IsDown => (Desired, Seen.State) is (_, ObservedState.Absent or ObservedState.Partial) or (not DesiredState.Asleep, ObservedState.Stopped);

    /// <summary>The failure of a target that said that it did something, and did not.</summary>
    public TargetException Lie(WorkAction action)
    {
        var left = Plan.Steps.Count == 0
            ? ""
            : $" Left to do: {string.Join(", ", Plan.Steps.Select(step => $"{step.Action.ToString().ToLowerInvariant()} {step.Resource}"))}.";
        return new TargetException(
            $"The target said that it was done ({action.ToString().ToLowerInvariant()}), and an observation shows that it is {StatusOf.Words(Seen.State)}" +
            $"{(HasWantedDigest ? "" : ", not what is wanted")}.{left}",
            retryable: true);
    }
}

/// <summary>One thing to do next.</summary>
internal enum WorkAction
{
    /// <summary>It is as it is wanted.</summary>
    Rest,

    /// <summary>Take the plan's steps.</summary>
    Apply,

    /// <summary>Bring it back from stopped or frozen.</summary>
    Wake,

    Freeze,

    Sleep,
}
