using System.Net;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// The engine is killed at every boundary of an operation's work and started anew while the caller still waits: that ends well, and everything is as if nothing had happened.
/// The callers are commands at the first boundary of each kind, and the client's own waiting at the others.
/// </summary>
public class CrashTests
{
    private static readonly string Notes = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "notes");

    [MachineFact]
    public async Task ACreationAnUpdateARestartAndADeletionSurviveAKillAtEveryBoundary()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        (await plane.CallAsync("app", "apply", "-f", Notes)).ShouldEndWith(0);
        using var visitor = new Visitor();
        var boundaries = new Boundaries(plane, 1, "create", "update", "restart", "delete");
        await boundaries.BeginAsync();
        do
        {
            var isFirst = boundaries.Number == 1;
            var (name, greeting) = ($"t{boundaries.Number}", "hello");
            if (isFirst)
                await boundaries.CrashAsync("create", "tenant", "add", name, "--app", "notes");
            else
                await boundaries.CrashAsync("create", client => client.Instances.Create(new CreateInstanceRequest(name, "notes", NewTenant: new CreateTenantRequest(name))).SendAsync());
            await AsIfNothingHappenedAsync(plane, visitor, name, greeting);

            if (boundaries.IsOpen("update"))
            {
                greeting = $"greeting-{boundaries.Number}";
                var features = new Dictionary<string, string?>(StringComparer.Ordinal) { ["greeting"] = greeting };
                if (isFirst)
                    await boundaries.CrashAsync("update", "tenant", "set", name, "--feature", $"greeting={greeting}");
                else
                    await boundaries.CrashAsync("update", async client => (await client.Instances.Update(name, new UpdateInstanceRequest(Features: features)).SendAsync()).Operation!);
                await AsIfNothingHappenedAsync(plane, visitor, name, greeting);
            }

            if (boundaries.IsOpen("restart"))
            {
                var before = (await visitor.GetAsync(plane, $"{name}.localhost", "/starts")).Body;
                if (isFirst)
                    await boundaries.CrashAsync("restart", "restart", name);
                else
                    await boundaries.CrashAsync("restart", async client => (await client.Instances.Restart(name).SendAsync()).Operation!);
                await AsIfNothingHappenedAsync(plane, visitor, name, greeting);
                (await visitor.GetAsync(plane, $"{name}.localhost", "/starts")).Body.ShouldNotBe(before);
            }

            if (isFirst)
                await boundaries.CrashAsync("delete", "tenant", "remove", name, "--yes");
            else
                await boundaries.CrashAsync("delete", async client => (await client.Tenants.Delete(name).SendAsync()).Operations.Single());
            Machine.LeftOf(Path.Combine(plane.Folder, "targets"), plane.Cgroup).ShouldBeEmpty();
            (await plane.Client.Tenants.ListAsync().CountAsync()).ShouldBe(0);
            (await plane.Client.Targets.GetOrphansAsync()).Items.ShouldBeEmpty();
        }
        while (boundaries.Next());

        boundaries.Of("create").ShouldBeGreaterThan(5);
        boundaries.Of("update").ShouldBeGreaterThan(2);
        boundaries.Of("restart").ShouldBeGreaterThan(2);
        boundaries.Of("delete").ShouldBeGreaterThan(5);
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
