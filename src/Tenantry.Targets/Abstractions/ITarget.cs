using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Abstractions;

/// <summary>
/// A configured place where instances run. Every outside thing that a target makes has a name derived from
/// <see cref="InstanceRef"/> alone and carries <see cref="InstanceRef.Owner"/> as its ownership label, so that whatever was cut
/// off is found and adopted by the next call. Calls for one instance never overlap; calls for different ones do. Every
/// failure is a <see cref="TargetException"/>; cancellation is <see cref="OperationCanceledException"/> and leaves nothing that
/// the next call cannot adopt.
/// </summary>
public interface ITarget : IAsyncDisposable
{
    /// <summary>The kind, such as <c>local</c>: the name of its folder and of its line in the catalogue.</summary>
    string Kind { get; }

    /// <summary>The name that the operator gave this target.</summary>
    string Name { get; }

    /// <summary>Whether it can work here; if not, why, and the command that installs what is missing. Changes nothing.</summary>
    Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// What would bring <paramref name="seen"/> to <paramref name="workload"/>. No side effects. Empty exactly when nothing would change.
    /// Throws a terminal <see cref="TargetException"/> for a workload that this target cannot run.
    /// </summary>
    Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the plan's steps. Idempotent: applied again, or after a crash in the middle, it ends in the same state. Each step gives
    /// <see cref="StepState.Started"/> and <see cref="StepState.Done"/>, and <see cref="StepState.Progress"/> between them when it takes long.
    /// Before it stops what serves it gives an event that <see cref="StepEvent.Interrupts"/>, and goes on when the next one is asked for.
    /// Ends when the instance runs and is healthy, or throws with the last lines of what did not become so.
    /// </summary>
    IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken);

    /// <summary>What there is now. Absent is an answer, never an error. Changes nothing, and never claims what it did not see.</summary>
    Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken);

    /// <summary>Stops the processes and keeps the data. Succeeds when it is so already.</summary>
    IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken);

    /// <summary>Brings a stopped or frozen instance back to running and healthy. Succeeds when it is so already.</summary>
    IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken);

    /// <summary>
    /// Removes everything of the instance, data too, in reverse order of creation; goes on past what is gone already. Ends when an
    /// observation shows nothing left; throws (after trying everything) naming what could not be removed.
    /// </summary>
    IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken);

    /// <summary>Every instance of which this target holds something with that ownership label: what the orphan sweep compares.</summary>
    Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken);
}

/// <summary>Says whether a target can work here.</summary>
/// <param name="Works">True when instances can be created.</param>
/// <param name="Findings">Each thing looked at.</param>
public sealed record ProbeReport(bool Works, IReadOnlyList<ProbeFinding> Findings);

/// <summary>One thing that a probe looked at.</summary>
/// <param name="Subject">What was looked at, such as <c>crun</c>.</param>
/// <param name="Level">How bad it is.</param>
/// <param name="Message">What was seen and what follows from it.</param>
/// <param name="Fix">The exact command that mends it, or null.</param>
public sealed record ProbeFinding(string Subject, ProbeLevel Level, string Message, string? Fix = null);

/// <summary>How bad a finding is.</summary>
public enum ProbeLevel
{
    Ok,
    Note,
    Missing,
}
