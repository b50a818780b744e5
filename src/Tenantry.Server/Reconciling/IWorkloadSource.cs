using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;

namespace Tenantry.Server.Reconciling;

/// <summary>Resolves what is wanted of an instance into what a target runs.</summary>
public interface IWorkloadSource
{
    /// <summary>The workload, or why there is none. Generated secrets that are missing are made and stored.</summary>
    Task<WorkloadResult> ResolveAsync(InstanceSpec spec, CancellationToken cancellationToken);

    /// <summary>True when that release requires a secret of which the instance has no value, and which a person has to give.</summary>
    Task<bool> LacksSecretsAsync(InstanceSpec spec, string release, CancellationToken cancellationToken);

    /// <summary>The instance is gone: drops what is kept of it.</summary>
    void Forget(string instanceId);
}

/// <summary>A workload, or why there is none.</summary>
public abstract record WorkloadResult
{
    private WorkloadResult()
    {
    }

    /// <summary>It can be run.</summary>
    /// <param name="Workload">What a target runs.</param>
    /// <param name="FormerSecrets">Values that its secrets had before those in force, as far as they are kept: what it said while it had them may hold them.</param>
    public sealed record Resolved(InstanceWorkload Workload, IReadOnlyList<string> FormerSecrets) : WorkloadResult
    {
        /// <summary>One whose secrets never had other values.</summary>
        public Resolved(InstanceWorkload workload)
            : this(workload, [])
        {
        }
    }

    /// <summary>It cannot, until a person changes something.</summary>
    /// <param name="Condition">Type of the condition in the status, such as <c>SecretsMissing</c>.</param>
    /// <param name="Sentence">What is missing and the command that mends it.</param>
    /// <param name="IsPending">True when the instance waits for something (a secret) rather than having failed.</param>
    public sealed record Refused(string Condition, string Sentence, bool IsPending) : WorkloadResult;
}
