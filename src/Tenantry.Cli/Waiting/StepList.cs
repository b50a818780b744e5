using Spectre.Console;
using Spectre.Console.Rendering;
using Tenantry.Cli.Writing;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Waiting;

/// <summary>The steps of an operation with their times: drawn over on a terminal, one line for each finished step elsewhere.</summary>
internal sealed class StepList(Output output, TimeProvider time)
{
    private readonly Dictionary<string, OperationStep> _printed = new(StringComparer.Ordinal);

    /// <summary>Shows the operation with each change, and returns it as it was in the end.</summary>
    public async Task<OperationResponse> ShowAsync(OperationResponse operation, IAsyncEnumerable<OperationResponse> changes, CancellationToken cancellationToken)
    {
        output.Console.Write(new Text($"{operation.Kind} {operation.Slug}\n", new Style(decoration: Decoration.Bold)));
        return output.IsTerminal
            ? await DrawAsync(operation, changes, cancellationToken)
            : await PrintAsync(operation, changes, cancellationToken);
    }

    private async Task<OperationResponse> PrintAsync(OperationResponse operation, IAsyncEnumerable<OperationResponse> changes, CancellationToken cancellationToken)
    {
        await foreach (var change in changes.WithCancellation(cancellationToken))
        {
            operation = change;
            foreach (var step in change.Steps.Where(s => s.State != OperationStepState.Running && _printed.GetValueOrDefault(s.Name) != s))
            {
                _printed[step.Name] = step;
                output.Line("  " + Words(step));
            }
        }

        return operation;
    }

    private async Task<OperationResponse> DrawAsync(OperationResponse operation, IAsyncEnumerable<OperationResponse> changes, CancellationToken cancellationToken)
    {
        var last = operation;
        await output.Console.Live(Picture(last)).StartAsync(async live =>
        {
            await using var each = changes.GetAsyncEnumerator(cancellationToken);
            var next = each.MoveNextAsync().AsTask();
            while (true)
            {
                // Between two changes the running step's time goes on.
                if (await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(100), time, CancellationToken.None)) == next)
                {
                    if (!await next)
                        break;
                    last = each.Current;
                    next = each.MoveNextAsync().AsTask();
                }

                live.UpdateTarget(Picture(last));
                live.Refresh();
            }
        });
        return last;
    }

    private IRenderable Picture(OperationResponse operation)
    {
        var grid = new Grid().AddColumn(new GridColumn { NoWrap = true, Padding = new(2, 0, 1, 0) }).AddColumn(new GridColumn { Padding = new(0, 0, 2, 0) }).AddColumn(new GridColumn { NoWrap = true });
        foreach (var step in operation.Steps)
        {
            var (mark, color) = step.State switch
            {
                OperationStepState.Done => ("✓", Color.Green),
                OperationStepState.Failed => ("✗", Color.Red),
                _ => ("…", Color.Yellow),
            };
            grid.AddRow(new Text(mark, new Style(color)), new Text(step.Name + (step.Message.Length > 0 ? ": " + Writing.Words.FirstLine(step.Message) : "")), new Text(Took(step), new Style(Color.Grey)));
        }

        if (operation.Steps.Count == 0)
            grid.AddRow(new Text("…", new Style(Color.Yellow)), new Text("waiting for its turn"), new Text(Writing.Words.Took(time.GetUtcNow() - operation.CreatedAt), new Style(Color.Grey)));
        return grid;
    }

    private string Words(OperationStep step) =>
        $"{(step.State == OperationStepState.Failed ? "failed: " : "")}{step.Name}{(step.Message.Length > 0 ? ": " + Writing.Words.FirstLine(step.Message) : "")}  {Took(step)}";

    private string Took(OperationStep step)
    {
        var took = (step.FinishedAt ?? time.GetUtcNow()) - step.StartedAt;
        return Writing.Words.Took(took < TimeSpan.Zero ? TimeSpan.Zero : took);
    }
}
