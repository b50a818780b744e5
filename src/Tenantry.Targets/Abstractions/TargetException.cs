using Tenantry.Model.Plans;

namespace Tenantry.Targets.Abstractions;

/// <summary>A failure of a target. The message is for a person: what failed, why, what to do. It holds no secret.</summary>
public sealed class TargetException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">What failed and why, in a sentence.</param>
    /// <param name="retryable">False when a person must change something first.</param>
    /// <param name="resource">The resource it failed on, or null.</param>
    /// <param name="fix">What to do, a sentence or a command, or null.</param>
    /// <param name="cause">For the log.</param>
    /// <param name="fault">Where the fault lies.</param>
    public TargetException(string message, bool retryable, ResourceName? resource = null, string? fix = null, Exception? cause = null, TargetFault fault = TargetFault.Target)
        : base(message, cause)
    {
        Retryable = retryable;
        Resource = resource;
        Fix = fix;
        Fault = fault;
    }

    /// <summary>Where the fault lies.</summary>
    public TargetFault Fault { get; }

    /// <summary>True when trying again later may help without anybody changing something.</summary>
    public bool Retryable { get; }

    /// <summary>The resource it failed on, or null.</summary>
    public ResourceName? Resource { get; }

    /// <summary>What to do, or null.</summary>
    public string? Fix { get; }

    /// <summary>The whole sentence for a status: resource, what failed, what to do.</summary>
    public string Sentence =>
        (Resource is null ? "" : $"{Resource}: ") + Message + (Fix is null ? "" : $" {Fix}");
}

/// <summary>Where the fault of a failure lies: callers of the API are told by different answers.</summary>
public enum TargetFault
{
    /// <summary>With the target, or with what it stands on.</summary>
    Target,

    /// <summary>With what the caller sent: it was refused, and nothing was changed.</summary>
    Input,

    /// <summary>There is no room for it.</summary>
    Space,

    /// <summary>With what the instance holds: somebody must change it there.</summary>
    Content,
}
