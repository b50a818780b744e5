using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>Many who make instances at once, from one control plane and from two, on a real engine.</summary>
[Collection(EngineTests.Name)]
public sealed class SubnetRaceTests(EngineFixture engine)
{
    [NeedsDockerFact]
    public async Task TwoControlPlanesThatMakeNetworksAtOnceNeverShareOne()
    {
        await using var instances = new DockerInstances(engine);
        // A range with room for 16, of which each wants 6: they have to meet.
        var options = DockerTargetOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { ["subnets"] = "10.77.0.0/24" });
        using var one = new InstanceNetworks(engine.Engine, options);
        using var other = new InstanceNetworks(engine.Engine, options);
        var workloads = Enumerable.Range(0, 12).Select(i => instances.Workload($"racer-{i}", "exec sleep 3600")).ToList();
        try
        {
            await Task.WhenAll(workloads.Select((workload, i) => (i % 2 == 0 ? one : other).EnsureAsync(workload, instances.Stop)));

            var made = (await engine.Engine.GetAsync("/networks", instances.Stop)).EnumerateArray().Where(network => workloads.Any(workload => DockerNames.Network(workload.Ref) == network.GetProperty("Name").GetString()))
                .Select(network => network.GetProperty("IPAM").GetProperty("Config")[0].GetProperty("Subnet").GetString()!).ToList();
            made.Count.ShouldBe(workloads.Count);
            made.Distinct(StringComparer.Ordinal).Count().ShouldBe(workloads.Count);
            made.ShouldAllBe(subnet => IPNetwork.Parse("10.77.0.0/24").Contains(IPNetwork.Parse(subnet).BaseAddress));
        }
        finally
        {
            foreach (var workload in workloads)
                await one.RemoveAsync(workload.Ref, CancellationToken.None);
        }
    }
}
