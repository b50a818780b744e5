using Tenantry.Model.Instances;
using Tenantry.Model.Plans;

namespace Tenantry.Server.Reconciling;

/// <summary>Makes statuses: pure. Each one says why it is so, unless the instance runs and is healthy.</summary>
internal static class StatusOf
{
    /// <summary>Set for good before a target is first asked to make something.</summary>
    public const string Provisioned = "Provisioned";

    public const string Ready = "Ready";
    public const string Drifted = "Drifted";

    /// <summary>A key of it is not yet as it is wanted.</summary>
    private const string KeyUnsettled = "KeyUnsettled";

    /// <summary>It was not up, or not at rest, when what should bring it back failed.</summary>
    private const string NotRepaired = "NotRepaired";

    private static readonly string[] OwnConditions = [Provisioned, Ready, Drifted];

    /// <summary>The target is about to be asked to make or change something.</summary>
    public static InstanceStatus Changing(InstanceStatus before, bool isNew, IReadOnlyList<PlanStep> steps, DateTimeOffset now)
    {
        var first = steps.Count == 0 ? "" : $", from '{steps[0].Action.ToString().ToLowerInvariant()} {steps[0].Resource}' on";
        var reason = $"{(isNew ? "It is being created" : "It is being changed")}: {steps.Count} step{(steps.Count == 1 ? "" : "s")}{first}.";
        return Dated(before with { Phase = isNew ? InstancePhase.Provisioning : InstancePhase.Updating, Reason = reason, Conditions = Set(before.Conditions, now, (Provisioned, true, "")) }, before, now);
    }

    public static InstanceStatus Deleting(InstanceStatus before, DateTimeOffset now) =>
        Dated(before with { Phase = InstancePhase.Deleting, Reason = "It is being deleted." }, before, now);

    /// <summary>True when a target was ever asked to make something of it.</summary>
    public static bool IsProvisioned(InstanceStatus status) => status.Conditions.Any(condition => condition is { Type: Provisioned, Value: true });

    /// <summary>Nothing is left to do.</summary>
    public static InstanceStatus AtRest(Situation situation, InstanceStatus before, WakeRecord? wake, DateTimeOffset now)
    {
        var seen = situation.Seen;
        var drift = Differences(situation);
        var (phase, health, reason) = situation.Desired switch
        {
            DesiredState.Frozen => (InstancePhase.Frozen, InstanceHealth.Unknown, RestingReason(situation.Record, "Frozen")),
            DesiredState.Asleep => (InstancePhase.Asleep, InstanceHealth.Unknown, RestingReason(situation.Record, "Asleep")),
            _ => (InstancePhase.Running, seen.Health, RunningReason(seen)),
        };
        if (drift.Count > 0)
        {
            var told = $"{drift.Count} difference{(drift.Count == 1 ? "" : "s")} to what is wanted; this target only reports them.";
            reason = reason.Length == 0 ? told : $"{reason} {told}";
        }
        var isReady = situation.Desired == DesiredState.Running && health == InstanceHealth.Healthy;
        return Dated(
            before with
            {
                Phase = phase,
                Health = health,
                Reason = reason,
                ObservedGeneration = situation.Record.Spec.Generation,
                Release = seen.Release,
                Conditions = Set(
                    Own(before.Conditions), now, (Provisioned, true, ""), (Ready, isReady, isReady ? "" : reason), (Drifted, drift.Count > 0, "")),
                Resources = seen.Resources,
                Drift = drift,
                Endpoint = seen.Endpoint,
                Failures = 0,
                Wake = wake ?? before.Wake,
            },
            before,
            now);
    }

    /// <summary>It cannot go on until a person gives or changes something.</summary>
    public static InstanceStatus Refused(InstanceRecord record, InstanceObservation? seen, WorkloadResult.Refused refusal, DateTimeOffset now)
    {
        var before = record.Status;
        var present = seen?.State switch
        {
            ObservedState.Running => InstancePhase.Running,
            ObservedState.Frozen => InstancePhase.Frozen,
            ObservedState.Stopped when record.Desired == DesiredState.Asleep => InstancePhase.Asleep,
            _ => InstancePhase.Pending,
        };
        return Dated(
            WithSeen(before, seen) with
            {
                Phase = refusal.IsPending ? present : InstancePhase.Failed,
                Health = seen?.Health ?? InstanceHealth.Unknown,
                Reason = refusal.Sentence,
                ObservedGeneration = record.Spec.Generation,
                Conditions = Set(Own(before.Conditions), now, (Ready, false, refusal.Sentence), (refusal.Condition, true, refusal.Sentence)),
                Failures = refusal.IsPending ? 0 : before.Failures + 1,
            },
            before,
            now);
    }

    /// <summary>A pass failed.</summary>
    /// <param name="record">As the pass began.</param>
    /// <param name="isTerminal">True when it is not tried again before a person changes something.</param>
    /// <param name="seen">What there is after the failure; null when the target could not say.</param>
    /// <param name="reason">What failed, on which resource, why, what to do.</param>
    /// <param name="now">The time.</param>
    public static InstanceStatus Failed(InstanceRecord record, bool isTerminal, InstanceObservation? seen, string reason, DateTimeOffset now)
    {
        var before = record.Status;
        var phase = (record.Spec.Desired, isTerminal, before.Phase) switch
        {
            (DesiredState.Deleted, _, _) => InstancePhase.Deleting,
            (_, true, _) => InstancePhase.Failed,
            (_, _, InstancePhase.Failed) => IsProvisioned(before) ? InstancePhase.Updating : InstancePhase.Provisioning,
            (_, _, var present) => present,
        };
        return Dated(
            WithSeen(before, seen) with
            {
                Phase = phase,
                Health = seen?.Health ?? InstanceHealth.Unknown,
                Reason = reason,
                ObservedGeneration = record.Spec.Generation,
                Conditions = seen switch
                {
                    null => Set(Own(before.Conditions), now, (Ready, false, reason), (Condition.TargetAway, true, reason)),
                    _ when WentWrong(before, seen) => Set(Own(before.Conditions), now, (Ready, false, reason), (Drifted, seen.Drift.Count > 0, ""), (NotRepaired, true, reason)),
                    _ => Set(Own(before.Conditions), now, (Ready, false, reason), (Drifted, seen.Drift.Count > 0, "")),
                },
                Failures = before.Failures + 1,
            },
            before,
            now);
    }

    /// <summary>It is as it is wanted but for a key of it, which is tried again.</summary>
    public static InstanceStatus Unsettled(InstanceStatus atRest, InstanceStatus before, string reason, DateTimeOffset now) => Dated(
        atRest with
        {
            Reason = atRest.Reason.Length == 0 ? reason : $"{atRest.Reason} {reason}",
            Conditions = Set(atRest.Conditions, now, (KeyUnsettled, true, reason)),
            Failures = before.Failures + 1,
        },
        before,
        now);

    /// <summary>A look between two tries: what was seen is told, the next try stays when it is.</summary>
    public static InstanceStatus Held(InstanceRecord record, InstanceObservation seen, DateTimeOffset now)
    {
        var before = record.Status;
        var isWrong = WentWrong(before, seen);
        // A failure's own sentence stays, that of a rest or a repair that failed, say; what was well until now needs one.
        var isNews = isWrong
            ? !before.Conditions.Any(condition => condition is { Type: NotRepaired, Value: true })
            : IsAsSaid(before, seen) && (seen.Trouble is not null || (before.Reason.Length == 0 && seen.Health != InstanceHealth.Healthy));
        var reason = isNews ? $"{seen.Trouble ?? $"It is {Words(seen.State)}."} Next try at {Clock(before.NextLookAt)}." : before.Reason;
        return Dated(
            WithSeen(before, seen) with
            {
                Health = seen.State == ObservedState.Running ? seen.Health : isWrong ? InstanceHealth.Unhealthy : InstanceHealth.Unknown,
                Reason = reason,
                Conditions = isWrong ? Set(before.Conditions, now, (Ready, false, reason)) : before.Conditions,
            },
            before,
            now);
    }

    /// <summary>True when two statuses say the same, whenever they were written and whenever the next look is.</summary>
    public static bool SaysTheSame(InstanceStatus a, InstanceStatus b) =>
        a.Phase == b.Phase && a.Health == b.Health && a.Reason == b.Reason && a.ObservedGeneration == b.ObservedGeneration &&
        a.Release == b.Release && a.Failures == b.Failures && a.Endpoint == b.Endpoint && a.Wake == b.Wake &&
        a.Conditions.SequenceEqual(b.Conditions) && a.Resources.SequenceEqual(b.Resources) && a.Drift.SequenceEqual(b.Drift);

    /// <summary>
    /// True when a look at a settled instance found what its status says, with the workload that it should have: a pass would do nothing and
    /// write nothing.
    /// </summary>
    public static bool IsAsKnown(InstanceRecord record, string digest, InstanceObservation seen)
    {
        var (spec, status) = record;
        if (status.ObservedGeneration != spec.Generation || status.Failures != 0 || status.Drift.Count > 0 || seen.Drift.Count > 0)
            return false;
        if (seen.WorkloadDigest != digest || seen.Release != status.Release || seen.Endpoint != status.Endpoint)
            return false;
        var isAsWanted = (record.Desired, status.Phase, seen.State) switch
        {
            (DesiredState.Running, InstancePhase.Running, ObservedState.Running) =>
                seen.Health == InstanceHealth.Healthy && status.Health == InstanceHealth.Healthy && seen.RestartNonce == spec.RestartNonce,
            (DesiredState.Frozen, InstancePhase.Frozen, ObservedState.Frozen) => seen.RestartNonce == spec.RestartNonce,
            (DesiredState.Asleep, InstancePhase.Asleep, ObservedState.Stopped) => true,
            _ => false,
        };
        return isAsWanted && seen.Resources.SequenceEqual(status.Resources);
    }

    /// <summary>What is seen, as one says it of an instance.</summary>
    public static string Words(ObservedState state) => state switch
    {
        ObservedState.Absent => "gone",
        ObservedState.Partial => "incomplete",
        ObservedState.Running => "running",
        ObservedState.Frozen => "frozen",
        _ => "stopped",
    };

    public static string Clock(DateTimeOffset time) => $"{time.UtcDateTime:HH:mm:ss} UTC";

    private static bool IsAsSaid(InstanceStatus said, InstanceObservation seen) => (said.Phase, seen.State) is
        (InstancePhase.Running, ObservedState.Running) or (InstancePhase.Frozen, ObservedState.Frozen) or (InstancePhase.Asleep, ObservedState.Stopped);

    private static bool WentWrong(InstanceStatus said, InstanceObservation seen) =>
        !IsAsSaid(said, seen) && said.Phase is InstancePhase.Running or InstancePhase.Frozen or InstancePhase.Asleep;

    private static string RestingReason(InstanceRecord record, string word) =>
        record.Rest is { } rest ? $"{word}: {rest.Reason}." : record.Spec.Hold == InstanceHold.Down ? $"{word} and held down, as asked." : $"{word}, as asked.";

    private static string RunningReason(InstanceObservation seen) => seen.Health switch
    {
        InstanceHealth.Healthy => "",
        InstanceHealth.Starting => seen.Trouble ?? "It is starting: its health checks have not succeeded yet.",
        InstanceHealth.Unhealthy => seen.Trouble ?? "It runs, and its health checks fail.",
        _ => seen.Trouble ?? "It runs, and its health is not known.",
    };

    private static List<DriftItem> Differences(Situation situation)
    {
        var drift = new List<DriftItem>(situation.Seen.Drift);
        if (!situation.HasWantedDigest)
            drift.Add(new DriftItem("workload", situation.Workload.Digest, situation.Seen.WorkloadDigest ?? "none"));
        if (drift.Count == 0 && situation.Desired == DesiredState.Running)
            drift.AddRange(situation.Plan.Steps.Select(step => new DriftItem(step.Resource.ToString(), step.Action.ToString(), step.Why)));
        return drift;
    }

    // Only what runs can be reached: the way to what is frozen would lead nowhere.
    private static InstanceStatus WithSeen(InstanceStatus status, InstanceObservation? seen) => seen is null
        ? status
        : status with { Release = seen.Release, Resources = seen.Resources, Endpoint = seen.State == ObservedState.Running ? seen.Endpoint : null, Drift = seen.Drift };

    private static InstanceStatus Dated(InstanceStatus status, InstanceStatus before, DateTimeOffset now) =>
        status.Phase == before.Phase && status.Health == before.Health && status.Reason == before.Reason ? status : status with { ChangedAt = now };

    // Conditions of refusals are gone as soon as there is another answer.
    private static IReadOnlyList<Condition> Own(IReadOnlyList<Condition> conditions) =>
        [.. conditions.Where(condition => OwnConditions.Contains(condition.Type))];

    private static List<Condition> Set(IReadOnlyList<Condition> before, DateTimeOffset now, params (string Type, bool Value, string Reason)[] facts)
    {
        var conditions = before.ToList();
        foreach (var (type, value, reason) in facts)
        {
            var at = conditions.FindIndex(condition => condition.Type == type);
            if (at < 0)
                conditions.Add(new Condition(type, value, reason, now));
            else if (conditions[at].Value != value || conditions[at].Reason != reason)
                conditions[at] = new Condition(type, value, reason, conditions[at].Value == value ? conditions[at].Since : now);
        }
        return conditions;
    }
}
