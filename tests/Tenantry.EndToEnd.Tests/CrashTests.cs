using System.Net;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// The engine is killed at every boundary of an operation's work and started anew while the command still waits: the command ends well, and
/// everything is as if nothing had happened. The boundaries are not known here: each test goes on with the next one until an operation ends
/// without having met it.
/// </summary>
public class CrashTests
{
    private const int MostBoundaries = 60;
    private static readonly string Notes = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "notes");

    [MachineFact]
    public async Task ACreationSurvivesAKillAtEveryBoundary()
    {
        await using var plane = await StartAsync();
        using var visitor = new Visitor();

        var boundaries = await AtEveryBoundaryAsync(plane, "create", async number =>
        {
            var name = $"t{number}";
            await Crashing.DuringAsync(plane, "tenant", "add", name, "--app", "notes");
            await AsIfNothingHappenedAsync(plane, visitor, name, "hello");
            (await plane.CallAsync("tenant", "remove", name, "--yes")).ShouldEndWith(0);
        });

        boundaries.ShouldBeGreaterThan(5);
    }

    [MachineFact]
    public async Task AnUpdateSurvivesAKillAtEveryBoundary()
    {
        await using var plane = await StartAsync("alice");
        using var visitor = new Visitor();

        var boundaries = await AtEveryBoundaryAsync(plane, "update", async number =>
        {
            await Crashing.DuringAsync(plane, "tenant", "set", "alice", "--feature", $"greeting=greeting-{number}");
            await AsIfNothingHappenedAsync(plane, visitor, "alice", $"greeting-{number}");
        });

        boundaries.ShouldBeGreaterThan(2);
    }

    [MachineFact]
    public async Task ARestartSurvivesAKillAtEveryBoundary()
    {
        await using var plane = await StartAsync("alice");
        using var visitor = new Visitor();

        var boundaries = await AtEveryBoundaryAsync(plane, "restart", async _ =>
        {
            var before = (await visitor.GetAsync(plane, "alice.localhost", "/starts")).Body;
            await Crashing.DuringAsync(plane, "restart", "alice");
            await AsIfNothingHappenedAsync(plane, visitor, "alice", "hello");
            (await visitor.GetAsync(plane, "alice.localhost", "/starts")).Body.ShouldNotBe(before);
        });

        boundaries.ShouldBeGreaterThan(2);
    }

    [MachineFact]
    public async Task ADeletionSurvivesAKillAtEveryBoundary()
    {
        await using var plane = await StartAsync();

        var boundaries = await AtEveryBoundaryAsync(plane, "delete", async number =>
        {
            var name = $"t{number}";
            (await plane.CallAsync("tenant", "add", name, "--app", "notes")).ShouldEndWith(0);
            await Crashing.DuringAsync(plane, "tenant", "remove", name, "--yes");
            Machine.LeftOf(Path.Combine(plane.Folder, "targets"), plane.Cgroup).ShouldBeEmpty();
            (await plane.Client.Tenants.ListAsync().CountAsync()).ShouldBe(0);
            (await plane.Client.Targets.GetOrphansAsync()).Items.ShouldBeEmpty();
        });

        boundaries.ShouldBeGreaterThan(5);
    }

    private static async Task<ControlPlane> StartAsync(params string[] tenants)
    {
        var plane = await ControlPlane.StartWithLocalAsync();
        (await plane.CallAsync("app", "apply", "-f", Notes)).ShouldEndWith(0);
        foreach (var tenant in tenants)
            (await plane.CallAsync("tenant", "add", tenant, "--app", "notes")).ShouldEndWith(0);
        await plane.KillAsync();
        return plane;
    }

    private static async Task<int> AtEveryBoundaryAsync(ControlPlane plane, string kind, Func<int, Task> act)
    {
        for (var number = 1; number <= MostBoundaries; number++)
        {
            await plane.StartAsync($"{kind}:{number}");
            var pid = plane.Pid;
            await act(number);
            if (plane.Pid == pid)
            {
                // Nothing killed it: there is no such boundary any more.
                return number - 1;
            }

            await plane.KillAsync();
        }

        throw new InvalidOperationException($"More than {MostBoundaries} boundaries.");
    }

    private static async Task AsIfNothingHappenedAsync(ControlPlane plane, Visitor visitor, string name, string greeting)
    {
        var i = await plane.Client.Instances.GetAsync(name);
        (i.Phase, i.Health, i.ObservedGeneration).ShouldBe((InstancePhase.Running, InstanceHealth.Healthy, i.Generation));
        i.Drift.ShouldBeEmpty();
        var operations = await plane.Client.Operations.ListAsync(name).ToListAsync();
        operations.ShouldAllBe(operation => operation.State == OperationState.Succeeded);
        (await plane.Client.Targets.GetOrphansAsync()).Items.ShouldBeEmpty();
        await visitor.AnswersAsync(plane, $"{name}.localhost", HttpStatusCode.OK, $"{greeting} from {name}");

        // One process and none doubled: each instance's only program is its server.
        Machine.ProcessesIn(plane.Cgroup).Select(Machine.CommandLine).ShouldBe(["/bin/busybox httpd -f -p 127.0.0.1:8080 -h /data"]);
    }
}
