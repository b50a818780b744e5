using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Tests.Local.Attacks;

/// <summary>
/// Runs attacks from inside one instance. Each is refused with everything on, and shown to succeed with the walls down that stop it: a
/// test that could not fail proves nothing.
/// </summary>
internal static class Attack
{
    // User ids for so few instances that they all hang on one bridge.
    private static readonly (string Name, string Value) OneBridge = ("uids", "1000000000-1006553599");

    /// <summary>What one run of an attack has.</summary>
    internal sealed record Scene(Instances Instances, InstanceWorkload Alice, InstanceWorkload Bob)
    {
        /// <summary>Runs a script inside alice; true when it succeeded and printed the canary, or when it succeeded and there is none.</summary>
        internal async Task<bool> SucceedsAsync(string script, string? canary = null)
        {
            var (code, output) = await Instances.RunAsync(Alice, script);
            return code == 0 && (canary is null || output.Contains(canary, StringComparison.Ordinal));
        }
    }

    /// <summary>Runs the attack twice, in two targets of its own.</summary>
    /// <param name="attack">True when it succeeded.</param>
    /// <param name="down">Takes walls down.</param>
    /// <param name="user">The attacker's user inside its instance.</param>
    /// <param name="fit">Fits both workloads.</param>
    /// <param name="hostNetwork">A namespace that stands in for the host's network.</param>
    internal static async Task IsRefusedAsync(Func<Scene, Task<bool>> attack, Func<LocalProtections, LocalProtections> down, string user = "", Func<InstanceWorkload, InstanceWorkload>? fit = null, string? hostNetwork = null)
    {
        (await RunAsync(attack, LocalProtections.All, user, fit, hostNetwork)).ShouldBeFalse("the attack succeeded with everything on");
        (await RunAsync(attack, down(LocalProtections.All), user, fit, hostNetwork)).ShouldBeTrue("the attack failed although the walls were down: it proves nothing");
    }

    private static async Task<bool> RunAsync(Func<Scene, Task<bool>> attack, LocalProtections protections, string user, Func<InstanceWorkload, InstanceWorkload>? fit, string? hostNetwork)
    {
        await using var instances = new Instances(new LocalHarness(protections, hostNetwork, null, OneBridge));
        InstanceWorkload Made(string slug)
        {
            var workload = Instances.Change(instances.Workload(slug, user: user), service => service with
            {
                Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["CANARY"] = $"canary of {slug}" },
                Volumes = [new VolumeWorkload("data", "/data", null)],
            });
            return SampleApp.Digested(fit is null ? workload : fit(workload));
        }

        var scene = new Scene(instances, Made("alice"), Made("bob"));

        // The attacker comes last, so that it would find everything of the other.
        await instances.ApplyAsync(scene.Bob);
        await instances.ApplyAsync(scene.Alice);
        var succeeded = await attack(scene);

        // Whatever was tried: the neighbour lives.
        (await instances.ObserveAsync(scene.Bob)).State.ShouldBe(ObservedState.Running);
        return succeeded;
    }
}
