using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Waiting;

/// <summary>Waits for operations where a person can watch.</summary>
internal static class OperationWait
{
    /// <summary>Returns when it succeeded; throws when it failed, was superseded, or takes longer than <paramref name="timeout"/>.</summary>
    public static async Task<OperationResponse> WaitAsync(this Call call, OperationResponse operation, TimeSpan timeout)
    {
        call.BePatient();
        using var late = new CancellationTokenSource(timeout, call.Host.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, call.CancellationToken);
        OperationResponse end;
        try
        {
            end = await new StepList(call.Output, call.Host.Time).ShowAsync(operation, call.Client.Operations.WatchAsync(operation.Id, either.Token), either.Token);
        }
        catch (OperationCanceledException) when (call.CancellationToken.IsCancellationRequested)
        {
            call.Output.Note($"The change goes on: 'tenantry operations show {operation.Id}' tells how far it is.");
            throw;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            throw new CliException(
                ExitCode.TimedOut,
                $"{Name(operation)} is not finished after {Words.Took(timeout)}.{await ReasonAsync(call, operation)}",
                $"It goes on: 'tenantry operations show {operation.Id}' tells how far it is.");
        }

        return end.State switch
        {
            OperationState.Succeeded => end,
            OperationState.Superseded => throw new CliException(ExitCode.Conflict, $"{Name(end)} was given up for a later change.", $"'tenantry operations --instance {end.Slug}' lists them."),
            _ => throw new CliException(ExitCode.Failed, $"{Name(end)} failed: {end.Error}", $"'tenantry status {end.Slug}' and 'tenantry logs {end.Slug}' tell more."),
        };
    }

    /// <summary>A line that says how it ended, for people.</summary>
    public static void Ended(this Call call, OperationResponse operation)
    {
        if (operation.FinishedAt is { } end)
            call.Output.Line($"{Name(operation)}: done in {Words.Took(end - operation.CreatedAt)}");
    }

    private static string Name(OperationResponse operation) => $"{operation.Kind} {operation.Slug}";

    private static async Task<string> ReasonAsync(Call call, OperationResponse operation) =>
        await call.Client.Instances.FindAsync(operation.Slug, call.CancellationToken) is { Reason.Length: > 0 } instance ? " " + instance.Reason : "";
}
