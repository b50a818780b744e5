using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// Keys that somebody outside issues for an instance: made before it, taken back after it. Each method brings them to what is wanted, whatever they are
/// now; run twice it does nothing the second time. A failure is a <see cref="TargetException"/>.
/// </summary>
public interface IProvidedKeys
{
    /// <summary>Before the workload is resolved: what is missing is made, and limits are as they are wanted.</summary>
    Task<KeyAnswer> PrepareAsync(InstanceRecord record, KeyPass pass, CancellationToken cancellationToken);

    /// <summary>The instance is as it is wanted: what it does not need any more is taken back or disabled. A sentence when that has to be tried again, else null.</summary>
    Task<string?> SettleAsync(InstanceRecord record, KeyPass pass, CancellationToken cancellationToken);

    /// <summary>Nothing of the instance is left: nor is any key of it, when this returns.</summary>
    Task DeleteAsync(InstanceSpec spec, KeyPass pass, CancellationToken cancellationToken);

    /// <summary>What would be done, without asking anybody outside.</summary>
    Task<IReadOnlyList<PlanStep>> PlanAsync(InstanceSpec spec, CancellationToken cancellationToken);
}

/// <summary>The pass that keys are brought along by.</summary>
/// <param name="Lease">Fences what is written.</param>
/// <param name="Told">Is told each step.</param>
public sealed record KeyPass(Func<Lease> Lease, Func<StepEvent, Task> Told);

/// <summary>What came of preparing keys.</summary>
/// <param name="Changed">A secret of the instance has another value now.</param>
/// <param name="Refused">Why the instance cannot go on until a person changes something, or null.</param>
public sealed record KeyAnswer(bool Changed, WorkloadResult.Refused? Refused)
{
    /// <summary>All is as it was.</summary>
    public static KeyAnswer Same { get; } = new(false, null);
}
