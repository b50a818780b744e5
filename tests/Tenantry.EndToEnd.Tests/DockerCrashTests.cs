using System.Net;
using Tenantry.Client;
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
    private const int MostBoundaries = 60;

    // Before the first step, between each two and after the last: what lies between a step's end and the next one's begin is the journal's alone. All of them by hand.
    private static readonly int Every = Environment.GetEnvironmentVariable("TENANTRY_EVERY_BOUNDARY") == "1" ? 1 : 2;
    private static readonly string Pair = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "pair");
    private readonly Dictionary<string, int> _boundaries = new(StringComparer.Ordinal);

    [MachineFact("dockerd", "docker")]
    public async Task ACreationAnUpgradeAndADeletionSurviveAKillAtEveryBoundary()
    {
        await using var host = await DockerHost.StartAsync();
        (await host.Plane.CallAsync("app", "apply", "-f", Pair)).ShouldEndWith(0);
        using var visitor = new Visitor();
        await StartAnewAsync(host.Plane, $"create:{Every}");
        for (var number = Every; _boundaries.Count < 3; number += Every)
        {
            number.ShouldBeLessThan(MostBoundaries);
            var name = $"t{number}";
            await CrashAsync(host.Plane, "create", number, client => client.Instances.Create(new CreateInstanceRequest(name, "pair", NewTenant: new CreateTenantRequest(name))).SendAsync());
            await IsWholeAsync(host, visitor, name, "hello");

            (await host.DockerAsync("exec", await ContainerAsync(host, "web"), "/bin/busybox", "sh", "-c", $"echo kept by {name} > /data/kept")).ShouldEndWith(0);
            if (!_boundaries.ContainsKey("update"))
            {
                var features = new Dictionary<string, string?>(StringComparer.Ordinal) { ["greeting"] = $"greeting-{number}" };
                await CrashAsync(host.Plane, "update", number, async client => (await client.Instances.Update(name, new UpdateInstanceRequest(Features: features)).SendAsync()).Operation!);
                await IsWholeAsync(host, visitor, name, $"greeting-{number}");
                (await host.DockerAsync("exec", await ContainerAsync(host, "web"), "/bin/busybox", "cat", "/data/kept")).Out.ShouldBe($"kept by {name}\n");
            }

            await CrashAsync(host.Plane, "delete", number, async client => (await client.Tenants.Delete(name).SendAsync()).Operations.Single());
            (await SeenAsync(host)).ShouldBe(new Seen("", "", ""));
            (await host.Plane.Client.Instances.ListAsync().CountAsync()).ShouldBe(0);
            (await host.Plane.Client.Targets.GetOrphansAsync()).Items.ShouldBeEmpty();
        }

        _boundaries["create"].ShouldBeGreaterThanOrEqualTo(8);
        _boundaries["update"].ShouldBeGreaterThanOrEqualTo(4);
        _boundaries["delete"].ShouldBeGreaterThanOrEqualTo(8);
    }

    // Where all of a kind were met the one after it is next.
    private string? Next(string kind, int number)
    {
        for (var kinds = 0; kinds < 3; kinds++)
        {
            (kind, number) = kind switch { "create" => ("update", number), "update" => ("delete", number), _ => ("create", number + Every) };
            if (!_boundaries.ContainsKey(kind))
                return $"{kind}:{number}";
        }

        return null;
    }

    private async Task CrashAsync(ControlPlane plane, string kind, int number, Func<TenantryClient, Task<OperationResponse>> ask)
    {
        if (await Crashing.DuringAsync(plane, Next(kind, number), () => ask(plane.Client)) || _boundaries.ContainsKey(kind))
            return;

        // Nothing killed it: there is no such boundary any more.
        _boundaries[kind] = number - Every;
        await StartAnewAsync(plane, Next(kind, number));
    }

    private static async Task StartAnewAsync(ControlPlane plane, string? crashAt)
    {
        await plane.KillAsync();
        await plane.StartAsync(crashAt);
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
