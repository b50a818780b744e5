namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>Operations during which the engine is killed.</summary>
internal static class Crashing
{
    /// <summary>Runs a command; when the engine is killed during it, starts a control plane anew, to be killed where <paramref name="next"/> says. The command ends well in any case.</summary>
    /// <returns>True when the engine was killed.</returns>
    public static async Task<bool> DuringAsync(ControlPlane plane, string? next, params string[] arguments)
    {
        var call = plane.CallAsync([.. arguments, "--timeout", "5m"]);
        await Eventually.HoldsAsync(() => (plane.HasEnded || call.IsCompleted, "running"));
        var isKilled = plane.HasEnded;
        if (isKilled)
        {
            // The web side answers what it was asked and ends by itself.
            await plane.EndedAsync();
            await plane.StartAsync(next);
        }

        var finished = await call;
        finished.ExitCode.ShouldBe(0, $"{finished.Error}\n{finished.Out}\n{await plane.LogAsync()}");
        return isKilled;
    }
}
