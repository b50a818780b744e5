namespace Tenantry.Model.Operations;

/// <summary>A long-running change as the person sees it who asked for it.</summary>
/// <param name="Id">Sorts by time of creation.</param>
/// <param name="Kind">What was asked for.</param>
/// <param name="InstanceId">The instance.</param>
/// <param name="Slug">Its slug at that time.</param>
/// <param name="RequestedBy">Who asked: a person, a token's name, or <c>local</c> for the socket's user.</param>
/// <param name="Generation">The spec's generation that it waits for.</param>
/// <param name="State">Outcome so far.</param>
/// <param name="Steps">Steps taken so far, in order.</param>
/// <param name="Percent">0 to 100.</param>
/// <param name="Error">What failed, on which resource, why, what to do; null unless <see cref="OperationState.Failed"/>.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="FinishedAt">When it ended, or null.</param>
public sealed record Operation(
    string Id,
    OperationKind Kind,
    string InstanceId,
    string Slug,
    string RequestedBy,
    long Generation,
    OperationState State,
    IReadOnlyList<OperationStep> Steps,
    int Percent,
    string? Error,
    DateTimeOffset CreatedAt,
    DateTimeOffset? FinishedAt);

/// <summary>What an operation was asked to do.</summary>
public enum OperationKind
{
    Create,
    Update,
    Restart,
    Freeze,
    Sleep,
    Wake,
    Delete,
}

/// <summary>Outcome of an operation.</summary>
public enum OperationState
{
    Pending,
    Running,
    Succeeded,
    Failed,

    /// <summary>A later change made it pointless before it ended.</summary>
    Superseded,
}

/// <summary>One step of an operation.</summary>
/// <param name="Name">Action and resource in words, such as <c>create volume data</c>.</param>
/// <param name="State"><c>running</c>, <c>done</c> or <c>failed</c>.</param>
/// <param name="Message">For a person; may be empty.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="FinishedAt">When it ended, or null.</param>
public sealed record OperationStep(string Name, OperationStepState State, string Message, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt);

/// <summary>How far a step of an operation is.</summary>
public enum OperationStepState
{
    Running,
    Done,
    Failed,
}
