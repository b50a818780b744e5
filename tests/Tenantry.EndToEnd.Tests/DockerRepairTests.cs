using System.Globalization;
using System.Net;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Model.Wire;

namespace Tenantry.EndToEnd.Tests;

/// <summary>Many tenants on a real engine to which things happen that nobody asked for.</summary>
public class DockerRepairTests
{
    // 100 by hand (TENANTRY_MANY=100): with everything else that is to be tested they take too long on two cores.
    private static readonly int Many = int.TryParse(Environment.GetEnvironmentVariable("TENANTRY_MANY"), NumberStyles.None, CultureInfo.InvariantCulture, out var many) && many >= 3 ? many : 20;
    private const int Rounds = 4;

    [MachineFact("dockerd", "docker")]
    public async Task WhatIsKilledOrRemovedByHandOrByARestartOfTheEngineComesBackWithItsDataAndNothingIsLeftInTheEnd()
    {
        await using var host = await DockerHost.StartAsync();
        await host.ApplyAgentAsync();
        string[] tenants = [.. Enumerable.Range(1, Many).Select(i => $"t{i:000}")];
        foreach (var tenant in tenants)
            await host.Plane.Client.Instances.Create(new CreateInstanceRequest(tenant, "zeptoclaw-like", NewTenant: new CreateTenantRequest(tenant))).SendAsync();
        await AllHealthyAsync(host);
        await InEachAsync(host, async (tenant, container) =>
            (await host.DockerAsync("exec", container, "/bin/sh", "-c", $"echo kept by {tenant} > /data/kept")).ShouldEndWith(0));

        (await host.DockerAsync("kill", await ContainerAsync(host, "t001"))).ShouldEndWith(0);
        (await host.DockerAsync("rm", "-f", await ContainerAsync(host, "t002"))).ShouldEndWith(0);
        await AllHealthyAsync(host);

        // Docker 20.10 that is ended while it starts a container can be left with mounts that only a person can remove: nobody starts one meanwhile.
        (await host.Plane.StopAsync()).ShouldBe(0);
        await host.Engine.RestartAsync();
        await host.Plane.StartAsync();

        await AllHealthyAsync(host);
        await InEachAsync(host, (tenant, container) => Eventually.HoldsAsync(async () =>
        {
            var kept = await host.DockerAsync("exec", container, "/bin/sh", "-c", "busybox cat /data/kept; wget -q -O - http://127.0.0.1:8080/");
            return (kept.Out == $"kept by {tenant}\nHello from {tenant}\n", $"{tenant}: {kept.Out}{kept.Error}");
        }));

        foreach (var tenant in tenants)
            await host.Plane.Client.Tenants.Delete(tenant).SendAsync();
        await Eventually.HoldsAsync(async () => (await host.Plane.Client.Instances.ListAsync().CountAsync() is var left && left == 0, $"{left} are left"));
        (await host.DockerAsync("ps", "-aq")).Out.ShouldBe("");
        (await host.DockerAsync("volume", "ls", "-q")).Out.ShouldBe("");
        (await host.DockerAsync("network", "ls", "-q", "--filter", "type=custom")).Out.ShouldBe("");
        var images = (await host.DockerAsync("images", "--filter", "dangling=false", "--format", "{{.Repository}}")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
        images.ShouldBe(["tenantry/build", "tenantry-test"], ignoreOrder: true, "the app's image and no tenant's");
    }

    [MachineFact("dockerd", "docker")]
    public async Task AnEngineThatIsEndedInTheMiddleOfCreationsAndDeletionsIsRepairedWithNothingLostAndNothingLeft()
    {
        await using var host = await DockerHost.StartAsync();
        await host.ApplyAgentAsync();
        (await host.Plane.CallAsync("tenant", "add", "first", "--app", "zeptoclaw-like")).ShouldEndWith(0);
        (await host.DockerAsync("exec", await ContainerAsync(host, "first"), "/bin/sh", "-c", "echo kept > /data/kept")).ShouldEndWith(0);
        var wanted = new List<string> { "first" };
        for (var round = 1; round <= Rounds; round++)
        {
            var before = await CountAsync(host);
            foreach (var tenant in (string[])[$"a{round}", $"b{round}", $"c{round}"])
                (await host.Plane.CallAsync("tenant", "add", tenant, "--app", "zeptoclaw-like", "--no-wait")).ShouldEndWith(0);
            wanted.AddRange([$"a{round}", $"b{round}", $"c{round}"]);
            if (wanted.Remove($"c{round - 1}"))
                (await host.Plane.CallAsync("tenant", "remove", $"c{round - 1}", "--yes", "--no-wait")).ShouldEndWith(0);

            // Each time at another place of the work.
            await Eventually.HoldsAsync(async () => (await CountAsync(host) != before || round % 3 == 0, "no container came or went"));
            await (round % 2 == 1 ? host.Engine.KillAsync() : host.Engine.RestartAsync());
        }

        using var visitor = new Visitor();
        await Eventually.HoldsAsync(async () =>
        {
            var status = (await host.Plane.JsonAsync("status")).EnumerateArray().ToList();
            var healthy = status.Where(i => i.GetProperty("phase").GetString() == "Running" && i.GetProperty("health").GetString() == "Healthy").Select(i => i.GetProperty("slug").GetString()!);
            return (healthy.Order(StringComparer.Ordinal).SequenceEqual(wanted.Order(StringComparer.Ordinal)) && status.Count == wanted.Count, string.Join('\n', status));
        });
        foreach (var tenant in wanted)
            await visitor.AnswersAsync(host.Plane, $"{tenant}.localhost", HttpStatusCode.OK, $"Hello from {tenant}");
        (await host.DockerAsync("exec", await ContainerAsync(host, "first"), "/bin/sh", "-c", "busybox cat /data/kept")).Out.ShouldBe("kept\n");
        (await LinesAsync(host, "ps", "-a", "--format", "{{.Label \"tenantry.slug\"}}")).ShouldBe(wanted, ignoreOrder: true);
        (await LinesAsync(host, "ps", "--format", "{{.Label \"tenantry.slug\"}}")).ShouldBe(wanted, ignoreOrder: true);
        (await LinesAsync(host, "volume", "ls", "--format", "{{.Label \"tenantry.slug\"}}")).ShouldBe(wanted, ignoreOrder: true);
        (await LinesAsync(host, "network", "ls", "--filter", "type=custom", "--format", "{{.Label \"tenantry.slug\"}}")).ShouldBe(wanted, ignoreOrder: true);
    }

    [MachineFact("dockerd", "docker", "redis-server", "ldd")]
    public async Task RedisFromDebiansFilesKeepsItsDataOverRest()
    {
        await using var host = await DockerHost.StartAsync();
        await host.ApplyAsync("redis-docker", async folder => (await Finished.RunAsync(Path.Combine(folder, "collect"), [])).ShouldEndWith(0));
        (await host.Plane.CallAsync("tenant", "add", "alice", "--app", "redis-docker")).ShouldEndWith(0);

        (await host.Plane.CallAsync("exec", "alice", "--", "/usr/bin/redis-cli", "set", "greeting", "hello")).ShouldEndWith(0).Out.ShouldBe("OK\n");
        (await host.Plane.CallAsync("sleep", "alice")).ShouldEndWith(0);
        (await host.Plane.CallAsync("wake", "alice")).ShouldEndWith(0);

        (await host.Plane.CallAsync("exec", "alice", "--", "/usr/bin/redis-cli", "get", "greeting")).ShouldEndWith(0).Out.ShouldBe("hello\n");
    }

    private static Task AllHealthyAsync(DockerHost host) => Eventually.HoldsAsync(async () =>
    {
        var status = await host.Plane.JsonAsync("status");
        var healthy = status.EnumerateArray().Count(i => i.GetProperty("phase").GetString() == "Running" && i.GetProperty("health").GetString() == "Healthy");
        return (healthy == Many && (await host.DockerAsync("ps", "-q", "--filter", "label=tenantry.slug")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == Many, status.ToString());
    });

    private static async Task InEachAsync(DockerHost host, Func<string, string, Task> act)
    {
        var containers = (await LinesAsync(host, "ps", "--format", "{{.Label \"tenantry.slug\"}} {{.ID}}")).Select(line => line.Split(' ')).ToList();
        containers.Count.ShouldBe(Many);
        await Parallel.ForEachAsync(containers, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (one, _) => await act(one[0], one[1]));
    }

    private static async Task<int> CountAsync(DockerHost host) => (await LinesAsync(host, "ps", "-aq")).Length;

    private static async Task<string[]> LinesAsync(DockerHost host, params string[] command) =>
        (await host.DockerAsync(command)).ShouldEndWith(0).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string> ContainerAsync(DockerHost host, string tenant) =>
        (await host.DockerAsync("ps", "-aq", "--filter", $"label=tenantry.slug={tenant}")).ShouldEndWith(0).Out.Trim();
}
