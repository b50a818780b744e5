using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Waiting;

/// <summary>A deployment of a release that the instance is to run already: nothing to do once it has come there, otherwise another try.</summary>
internal static class Redeployment
{
    // The newest come first, and one that is under way is among them.
    private const int MostListed = 20;

    /// <summary>Says how the instance is; the operation that brings it there, or null when it is there.</summary>
    public static async Task<OperationResponse?> TryAgainAsync(Call call, InstanceDetailResponse present)
    {
        if (HasArrived(present))
        {
            call.Output.Line($"{present.Slug} runs that release already.");
            return null;
        }

        var state = $"it is {present.Phase}{(present.RunningRelease is { } runs && runs != present.Release ? $" and runs {runs}" : "")}";
        call.Output.Line($"{present.Slug} is to run {present.Release} already, and has not come there: {state}.{(present.Reason.Length > 0 ? " " + Words.FirstLine(present.Reason) : "")}");
        if (await UnderWayAsync(call, present.Slug) is { } underWay)
        {
            call.Output.Line("Its operation is under way.");
            return underWay;
        }

        call.Output.Line("Trying again.");
        var again = present.Desired switch
        {
            DesiredState.Asleep => call.Client.Instances.Sleep(present.Slug),
            DesiredState.Frozen => call.Client.Instances.Freeze(present.Slug),
            _ => call.Client.Instances.Restart(present.Slug),
        };
        return (await again.SendAsync(call.CancellationToken)).Operation;
    }

    private static bool HasArrived(InstanceDetailResponse instance) =>
        instance.ObservedGeneration == instance.Generation
        && instance.Failures == 0
        && instance.Phase is InstancePhase.Running or InstancePhase.Frozen or InstancePhase.Asleep
        && (instance.Phase != InstancePhase.Running || instance.RunningRelease == instance.Release);

    private static async Task<OperationResponse?> UnderWayAsync(Call call, string slug) =>
        await call.Client.Operations.ListAsync(slug, call.CancellationToken).Take(MostListed)
            .FirstOrDefaultAsync(operation => operation.State is OperationState.Pending or OperationState.Running, call.CancellationToken);
}
