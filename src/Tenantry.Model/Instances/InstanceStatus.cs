using Tenantry.Model.Plans;

namespace Tenantry.Model.Instances;

/// <summary>What was seen of an instance. Only the reconciler writes it.</summary>
/// <param name="Id">The instance's id.</param>
/// <param name="Phase">Where it stands in its life.</param>
/// <param name="Health">What its health checks say.</param>
/// <param name="Reason">The sentence that a person needs: why it is so and, on failure, what to do. Empty when all is well.</param>
/// <param name="ObservedGeneration">The spec's generation that this status answers to.</param>
/// <param name="Release">Id of the release that is running, or null.</param>
/// <param name="Conditions">Named facts with the time they last changed.</param>
/// <param name="Resources">What the target holds for it.</param>
/// <param name="Drift">Differences between what is wanted and what was seen.</param>
/// <param name="Endpoint">How the gateway reaches it, or null.</param>
/// <param name="Failures">Passes that failed in a row; 0 after one that did not.</param>
/// <param name="NextLookAt">When the reconciler looks again of its own accord.</param>
/// <param name="Wake">The last wake, or null.</param>
/// <param name="ChangedAt">When phase, health or reason last changed.</param>
public sealed record InstanceStatus(
    string Id,
    InstancePhase Phase,
    InstanceHealth Health,
    string Reason,
    long ObservedGeneration,
    string? Release,
    IReadOnlyList<Condition> Conditions,
    IReadOnlyList<ResourceObservation> Resources,
    IReadOnlyList<DriftItem> Drift,
    Endpoint? Endpoint,
    int Failures,
    DateTimeOffset NextLookAt,
    WakeRecord? Wake,
    DateTimeOffset ChangedAt)
{
    /// <summary>True when the last pass failed because the target could not say what there is.</summary>
    public bool IsTargetAway => Conditions.Any(condition => condition is { Type: Condition.TargetAway, Value: true });

    /// <summary>The status of an instance that nobody has looked at yet.</summary>
    public static InstanceStatus New(string id, DateTimeOffset now) =>
        new(id, InstancePhase.Pending, InstanceHealth.Unknown, "Waiting for its first pass.", 0, null, [], [], [], null, 0, now, null, now);
}

/// <summary>Where an instance stands in its life.</summary>
public enum InstancePhase
{
    Pending,
    Provisioning,
    Running,
    Frozen,
    Asleep,
    Updating,
    Failed,
    Deleting,
    Deleted,
}

/// <summary>What an instance's health checks say.</summary>
public enum InstanceHealth
{
    Unknown,
    Starting,
    Healthy,
    Unhealthy,
}

/// <summary>A named fact about an instance, such as <c>Ready</c>, <c>Drifted</c> or <c>SecretsMissing</c>.</summary>
public sealed record Condition(string Type, bool Value, string Reason, DateTimeOffset Since)
{
    /// <summary>The target could not even say what there is. A look that succeeds is news, and waits for no next try.</summary>
    public const string TargetAway = "TargetAway";

    /// <summary>It gave up its turn to take a new value that it shares with others, and has the value before until its target answers.</summary>
    public const string SecretTurnGivenUp = "SecretTurnGivenUp";
}

/// <summary>One difference between what is wanted and what was seen.</summary>
public sealed record DriftItem(string Resource, string Wanted, string Seen);

/// <summary>How long a wake took. Durations are in seconds.</summary>
/// <param name="At">When the wake began.</param>
/// <param name="From">The phase it woke from.</param>
/// <param name="PlatformSeconds">From the begin to the moment when the app's process was able to run.</param>
/// <param name="AppSeconds">From then until it was healthy.</param>
public sealed record WakeRecord(DateTimeOffset At, InstancePhase From, double PlatformSeconds, double AppSeconds)
{
    /// <summary>Since when it rested until then; null: not known.</summary>
    public DateTimeOffset? RestedSince { get; init; }
}

/// <summary>
/// How the gateway reaches a port of an instance: a socket made in the network namespace of process <paramref name="NamespacePid"/>
/// where that is not null, otherwise an ordinary connection to <paramref name="Host"/>.
/// </summary>
/// <param name="Host">An address, almost always <c>127.0.0.1</c>.</param>
/// <param name="Port">A TCP port.</param>
/// <param name="NamespacePid">A process inside the network namespace, on the engine's host, or null.</param>
/// <param name="NamespacePath">A file that is the network namespace, on the engine's host, or null.</param>
public sealed record Endpoint(string Host, int Port, int? NamespacePid = null, string? NamespacePath = null);

/// <summary>
/// What the engine decided beside the spec: an idle instance rests although its spec says that it runs; one that a person put to rest runs because
/// a request woke it. Only the engine writes it; the verbs sleep, freeze, wake and restart end it.
/// </summary>
/// <param name="Depth">What the instance should be doing until the next decision.</param>
/// <param name="Reason">Why, for a person.</param>
/// <param name="At">When that was decided.</param>
/// <param name="IdleSince">The last sign of work before it.</param>
public sealed record InstanceRest(DesiredState Depth, string Reason, DateTimeOffset At, DateTimeOffset IdleSince);

/// <summary>An instance as the store holds it: what is wanted and what was seen.</summary>
public sealed record InstanceRecord(InstanceSpec Spec, InstanceStatus Status)
{
    /// <summary>The engine's own decision, or null while the spec alone counts.</summary>
    public InstanceRest? Rest { get; init; }

    /// <summary>When a person last said whether it rests or runs, or ended a hold; null: nobody did since it was made.</summary>
    public DateTimeOffset? SaidAt { get; init; }

    /// <summary>What the instance should be doing now: the spec's wish, unless the engine decided on something else since it was uttered.</summary>
    public DesiredState Desired => Spec.Desired == DesiredState.Deleted ? DesiredState.Deleted : Rest?.Depth ?? Spec.Desired;
}
