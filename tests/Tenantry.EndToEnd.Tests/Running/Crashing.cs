using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>Operations during which the engine is killed.</summary>
internal static class Crashing
{
    /// <summary>
    /// Runs a command; when the engine is killed during it, starts a control plane anew, to be killed where <paramref name="next"/> says. The command ends well in any case.
    /// </summary>
    /// <returns>True when the engine was killed.</returns>
    public static async Task<bool> DuringAsync(ControlPlane plane, string? next, params string[] arguments)
    {
        var call = plane.CallAsync([.. arguments, "--timeout", "5m"]);
        var isKilled = await DuringAsync(plane, next, call);
        var finished = await call;
        finished.ExitCode.ShouldBe(0, $"{finished.Error}\n{finished.Out}\n{await plane.LogAsync()}");
        return isKilled;
    }

    /// <summary>Asks for an operation and waits for its good end; when the engine is killed during it, starts a control plane anew, to be killed where <paramref name="next"/> says.</summary>
    /// <returns>True when the engine was killed.</returns>
    public static async Task<bool> DuringAsync(ControlPlane plane, string? next, Func<Task<OperationResponse>> ask)
    {
        plane.Client.Patience = Eventually.Limit;
        async Task<OperationResponse> WorkAsync() => await plane.Client.Operations.WaitAsync((await ask()).Id);
        var work = WorkAsync();
        var isKilled = await DuringAsync(plane, next, work);
        var operation = await work;
        operation.State.ShouldBe(OperationState.Succeeded, $"{operation.Error}\n{await plane.LogAsync()}");
        return isKilled;
    }

    private static async Task<bool> DuringAsync(ControlPlane plane, string? next, Task work)
    {
        await Eventually.HoldsAsync(() => (plane.HasEnded || work.IsCompleted, "running"));
        var isKilled = plane.HasEnded;
        if (isKilled)
        {
            // The web side answers what it was asked and ends by itself.
            await plane.EndedAsync();
            await plane.StartAsync(next);
        }

        return isKilled;
    }
}
