using System.Net;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// The control plane is killed at every boundary of a creation, an upgrade and a deletion of an instance with two services on a real engine. What the engine has afterwards
/// is what was wanted: nothing is lost and nothing is there twice.
/// </summary>
public class DockerCrashTests
{
    // Before the first step, between each two and after the last: what lies between a step's end and the next one's begin is the journal's alone. All of them by hand.
    private static readonly int Every = Environment.GetEnvironmentVariable("TENANTRY_EVERY_BOUNDARY") == "1" ? 1 : 2;
    private static readonly string Pair = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "pair");

    [MachineFact("dockerd", "docker")]
    public async Task ACreationAnUpgradeAndADeletionSurviveAKillAtEveryBoundary()
    {
        await using var host = await DockerHost.StartAsync();
        (await host.Plane.CallAsync("app", "apply", "-f", Pair)).ShouldEndWith(0);
        using var visitor = new Visitor();
        var boundaries = new Boundaries(host.Plane, Every, "create", "update", "delete");
        await boundaries.BeginAsync();
        do
        {
            var name = $"t{boundaries.Number}";
            await boundaries.CrashAsync("create", client => client.Instances.Create(new CreateInstanceRequest(name, "pair", NewTenant: new CreateTenantRequest(name))).SendAsync());
            await IsWholeAsync(host, visitor, name, "hello");

            (await host.DockerAsync("exec", await ContainerAsync(host, "web"), "/bin/busybox", "sh", "-c", $"echo kept by {name} > /data/kept")).ShouldEndWith(0);
            if (boundaries.IsOpen("update"))
            {
                var features = new Dictionary<string, string?>(StringComparer.Ordinal) { ["greeting"] = $"greeting-{boundaries.Number}" };
                await boundaries.CrashAsync("update", async client => (await client.Instances.Update(name, new UpdateInstanceRequest(Features: features)).SendAsync()).Operation!);
                await IsWholeAsync(host, visitor, name, $"greeting-{boundaries.Number}");
                (await host.DockerAsync("exec", await ContainerAsync(host, "web"), "/bin/busybox", "cat", "/data/kept")).Out.ShouldBe($"kept by {name}\n");
            }

            await boundaries.CrashAsync("delete", async client => (await client.Tenants.Delete(name).SendAsync()).Operations.Single());
            (await SeenAsync(host)).ShouldBe(new Seen("", "", ""));
            (await host.Plane.Client.Instances.ListAsync().CountAsync()).ShouldBe(0);
            (await host.Plane.Client.Targets.GetOrphansAsync()).Items.ShouldBeEmpty();
        }
        while (boundaries.Next());

        boundaries.Of("create").ShouldBeGreaterThanOrEqualTo(8);
        boundaries.Of("update").ShouldBeGreaterThanOrEqualTo(4);
        boundaries.Of("delete").ShouldBeGreaterThanOrEqualTo(8);
    }

    private static async Task IsWholeAsync(DockerHost host, Visitor visitor, string name, string greeting)
    {
        var i = await host.Plane.Client.Instances.GetAsync(name);
        (i.Phase, i.Health, i.ObservedGeneration).ShouldBe((InstancePhase.Running, InstanceHealth.Healthy, i.Generation));
        (await host.Plane.Client.Operations.ListAsync(name).ToListAsync()).ShouldAllBe(operation => operation.State == OperationState.Succeeded);
        await visitor.AnswersAsync(host.Plane, $"{name}.localhost", HttpStatusCode.OK, $"{greeting} from {name}");
        (await SeenAsync(host)).ShouldBe(new Seen($"side {name} running\nweb {name} running", name, name));
        (await host.DockerAsync("exec", await ContainerAsync(host, "side"), "/bin/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/")).Out.ShouldBe($"{greeting} from {name}\n", "both are in one network");
    }

    private static async Task<Seen> SeenAsync(DockerHost host)
    {
        async Task<string> LinesAsync(params string[] command) =>
            string.Join('\n', (await host.DockerAsync(command)).ShouldEndWith(0).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        var containers = await LinesAsync("ps", "-a", "--format", """{{.Label "tenantry.service"}} {{.Label "tenantry.slug"}} {{.State}}""");
        return new Seen(containers, await LinesAsync("volume", "ls", "--format", """{{.Label "tenantry.slug"}}"""), await LinesAsync("network", "ls", "--filter", "type=custom", "--format", """{{.Label "tenantry.slug"}}"""));
    }

    private static async Task<string> ContainerAsync(DockerHost host, string service) =>
        (await host.DockerAsync("ps", "-q", "--filter", $"label=tenantry.service={service}")).ShouldEndWith(0).Out.Trim();

    /// <summary>What the engine has: each container's service, instance and state, and whose volumes and networks there are.</summary>
    private sealed record Seen(string Containers, string Volumes, string Networks);
}
