using System.Collections.Concurrent;
using Tenantry.Model.Operations;

namespace Tenantry.Server.Metrics;

/// <summary>What the engine counts: passes of the reconciler and operations that ended.</summary>
public sealed class ReconcileMetrics : IMetricSource
{
    private readonly ConcurrentDictionary<(string Target, string Outcome), Histogram> passes = new();
    private readonly ConcurrentDictionary<(OperationKind Kind, OperationState State), Histogram> operations = new();

    /// <param name="target">The target's name.</param>
    /// <param name="outcome">A word such as <c>settled</c>, <c>changed</c>, <c>retry</c> or <c>failed</c>.</param>
    /// <param name="duration">How long the pass took.</param>
    public void PassEnded(string target, string outcome, TimeSpan duration) =>
        passes.GetOrAdd((target, outcome), static _ => new Histogram(Histogram.WorkBounds)).Record(duration);

    /// <summary>Counts an operation that will not change any more, and the time since it was asked for.</summary>
    public void OperationEnded(OperationKind kind, OperationState state, TimeSpan duration) =>
        operations.GetOrAdd((kind, state), static _ => new Histogram(Histogram.WorkBounds)).Record(duration);

    public ValueTask WriteAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        text.Begin("tenantry_reconcile_pass_duration_seconds", "histogram", "Time that passes of the reconciler took, by target and outcome.");
        foreach (var ((target, outcome), histogram) in passes)
            histogram.Write(text, "tenantry_reconcile_pass_duration_seconds", ("target", target), ("outcome", outcome));
        text.Begin("tenantry_operation_duration_seconds", "histogram", "Time from the request to the end of operations, by kind and outcome.");
        foreach (var ((kind, state), histogram) in operations)
            histogram.Write(text, "tenantry_operation_duration_seconds", ("kind", kind.ToString()), ("state", state.ToString()));
        return ValueTask.CompletedTask;
    }
}
