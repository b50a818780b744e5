using System.Net;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>Instances' networks keep clear of what the engine's host reaches by other ways.</summary>
[Collection(EngineTests.Name)]
public sealed class HostRouteTests(EngineFixture engine)
{
    private const string Table = """
        Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
        eth0	00000000	0100000A	0003	0	0	0	00000000	0	0	0
        eth0	0000000A	00000000	0001	0	0	0	0000FFFF	0	0	0
        tun0	0008C90A	00000000	0001	0	0	0	00FFFFFF	0	0	0
        tnb0123456789ab	1000C90A	00000000	0001	0	0	0	F0FFFFFF	0	0	0
        *	0010C90A	00000000	0200	0	0	0	00FFFFFF	0	0	0
        """;

    [Fact]
    public void TheKernelsTableIsReadWithoutTheWayToEverywhereWithoutDeadEndsAndWithoutOurOwn()
    {
        var routes = HostRoutes.Parse(Table);

        routes.Select(route => route.ToString()).ShouldBe(["10.0.0.0/16 (eth0)", "10.201.8.0/24 (tun0)"]);
        routes.Touching(IPNetwork.Parse("10.201.0.0/16")).Select(route => route.Interface).ShouldBe(["tun0"]);
    }

    [Theory]
    [InlineData("10.201.0.0/16", ProbeLevel.Note, "10.201.8.0/24 (tun0)")]
    [InlineData("10.201.8.0/26", ProbeLevel.Missing, "10.201.8.0/24 (tun0)")]
    [InlineData("10.202.0.0/16", ProbeLevel.Ok, "room for 4096")]
    public void ACheckTellsWhetherTheHostHasRoutesForWhatInstancesGet(string range, ProbeLevel level, string told)
    {
        var finding = DockerProbe.Subnets(IPNetwork.Parse(range), HostRoutes.Parse(Table));

        (finding.Level, finding.Message).ShouldSatisfyAllConditions(seen => seen.Level.ShouldBe(level), seen => seen.Message.ShouldContain(told));
    }

    // The host lost its way to what was there.
    [NeedsDockerFact]
    public async Task ARangeThatTheHostHasARouteForIsLeftOutAndWhenNoneIsLeftThatIsTold()
    {
        await using var instances = new DockerInstances(engine);
        using var networks = new InstanceNetworks(engine.Engine, DockerTargetOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { ["subnets"] = "10.78.0.0/27" }));
        var (alice, bob) = (instances.Workload("alice"), instances.Workload("bob"));
        engine.Run("ip", "route", "add", "10.78.0.0/28", "dev", "lo");
        try
        {
            await networks.EnsureAsync(alice, instances.Stop);
            var failure = await Should.ThrowAsync<TargetException>(networks.EnsureAsync(bob, instances.Stop));

            var made = await engine.Engine.GetAsync($"/networks/{DockerNames.Network(alice.Ref)}", instances.Stop);
            made.GetProperty("IPAM").GetProperty("Config")[0].GetProperty("Subnet").GetString().ShouldBe("10.78.0.16/28");
            failure.Sentence.ShouldContain("10.78.0.0/28 (lo)");
            failure.Sentence.ShouldContain("option subnets");
        }
        finally
        {
            await networks.RemoveAsync(alice.Ref, CancellationToken.None);
            engine.Run("ip", "route", "del", "10.78.0.0/28", "dev", "lo");
        }
    }
}
