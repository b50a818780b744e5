using Tenantry.Model.Operations;

namespace Tenantry.Model.Wire;

/// <summary>A long-running change: see <see cref="Operation"/>. <c>GET /v1/operations/{id}/events</c> sends one with each change of it, until it is finished.</summary>
public sealed record OperationResponse(
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
    DateTimeOffset? FinishedAt)
{
    /// <summary>True when it will not change any more.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsFinished => State is OperationState.Succeeded or OperationState.Failed or OperationState.Superseded;

    /// <summary>The operation as it crosses the wire.</summary>
    public static OperationResponse Of(Operation operation) => new(
        operation.Id,
        operation.Kind,
        operation.InstanceId,
        operation.Slug,
        operation.RequestedBy,
        operation.Generation,
        operation.State,
        operation.Steps,
        operation.Percent,
        operation.Error,
        operation.CreatedAt,
        operation.FinishedAt);
}
