using Tenantry.Cli.Writing;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Waiting;

/// <summary>
/// The steps of an operation with their times: one line for each that ended, printed once. On a terminal those that run stand below and are drawn
/// over.
/// </summary>
internal sealed class StepList(Output output, TimeProvider time)
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);
    private readonly Dictionary<string, OperationStep> _printed = new(StringComparer.Ordinal);
    private readonly LiveRows _rows = new(output);

    /// <summary>Shows the operation with each change, and returns it as it was in the end.</summary>
    public async Task<OperationResponse> ShowAsync(OperationResponse operation, IAsyncEnumerable<OperationResponse> changes, CancellationToken cancellationToken)
    {
        output.Text.WriteLine(_rows.Painted($"{operation.Kind} {operation.Slug}", LiveRows.Bold));
        return output.CanDrawOver
            ? await DrawAsync(operation, changes, cancellationToken)
            : await PrintAsync(operation, changes, cancellationToken);
    }

    private async Task<OperationResponse> PrintAsync(OperationResponse operation, IAsyncEnumerable<OperationResponse> changes, CancellationToken cancellationToken)
    {
        await foreach (var change in changes.WithCancellation(cancellationToken))
        {
            operation = change;
            foreach (var step in Ended(change))
                output.Line($"  {(step.State == OperationStepState.Failed ? "failed: " : "")}{Name(step)}  {Took(step)}");
        }

        return operation;
    }

    private async Task<OperationResponse> DrawAsync(OperationResponse operation, IAsyncEnumerable<OperationResponse> changes, CancellationToken cancellationToken)
    {
        await using var each = changes.GetAsyncEnumerator(cancellationToken);
        var next = each.MoveNextAsync().AsTask();
        while (true)
        {
            // Between two changes the running step's time goes on.
            if (await Task.WhenAny(next, Task.Delay(Frame, time, CancellationToken.None)) == next)
            {
                if (!await next)
                    break;
                operation = each.Current;
                next = each.MoveNextAsync().AsTask();
            }

            _rows.Draw([.. Ended(operation).Select(Final)], Running(operation));
        }

        // What still runs when an operation ends is no news.
        _rows.Draw([], []);
        return operation;
    }

    private List<OperationStep> Ended(OperationResponse operation)
    {
        var ended = operation.Steps.Where(s => s.State != OperationStepState.Running && _printed.GetValueOrDefault(s.Name) != s).ToList();
        foreach (var step in ended)
            _printed[step.Name] = step;
        return ended;
    }

    private string Final(OperationStep step)
    {
        var mark = step.State == OperationStepState.Failed ? _rows.Painted("✗", LiveRows.Red) : _rows.Painted("✓", LiveRows.Green);
        return $"  {mark} {Name(step)}  {_rows.Painted(Took(step), LiveRows.Grey)}";
    }

    private List<LiveRow> Running(OperationResponse operation) => operation.Steps.Count == 0
        ? [new("…", "waiting for its turn", Words.Took(Since(operation.CreatedAt)))]
        : [.. operation.Steps.Where(s => s.State == OperationStepState.Running).Select(s => new LiveRow("…", Name(s), Took(s)))];

    private static string Name(OperationStep step) => step.Name + (step.Message.Length > 0 ? ": " + Words.OneRow(step.Message) : "");

    private string Took(OperationStep step) => Words.Took(step.FinishedAt is { } end ? NotNegative(end - step.StartedAt) : Since(step.StartedAt));

    private TimeSpan Since(DateTimeOffset then) => NotNegative(time.GetUtcNow() - then);

    // The server's clock may be ahead of ours.
    private static TimeSpan NotNegative(TimeSpan took) => took < TimeSpan.Zero ? TimeSpan.Zero : took;
}
