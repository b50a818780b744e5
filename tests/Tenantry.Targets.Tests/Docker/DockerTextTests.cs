using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>The exact requests that the engine gets.</summary>
public class DockerTextTests
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly InstanceWorkload Alice = Fixed("alice");

    private static InstanceWorkload Fixed(string slug)
    {
        var sample = SampleApp.Make(slug, "owner");
        return SampleApp.Digested(sample with
        {
            Ref = new InstanceRef($"id-of-{slug}", slug, "owner"),
            Release = new ReleaseSource("release-1", "", null),
            Services =
            [
                sample.Services[0] with { Image = "registry.example/app@sha256:0f", User = "1001:1002" },
                new ServiceWorkload { Name = "cache", Command = ["/bin/cache"], Image = "cache:7", Health = new HealthWorkload(null, null, ["/bin/cache", "ping"], TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5), 3, TimeSpan.FromSeconds(10)), DependsOn = ["web"] },
            ],
        });
    }

    [Theory]
    [InlineData("web", null)]
    [InlineData("cache", "tn-alice-web")]
    public void AContainerIsClosedAsTheDocumentsSay(string service, string? peer)
    {
        var containers = new DockerContainers(Alice, new DockerTargetOptions(), "/run/tenantry/memory");

        var body = containers.Create(Alice.Services.First(one => one.Name == service), "sha256:image", peer);

        body.ToJsonString(Readable).ShouldBeGolden($"container-{service}.json");
    }

    [Fact]
    public void NetworksDifferByEgress()
    {
        var subnet = IPNetwork.Parse("10.201.0.16/28");
        var all = new JsonArray(
            InstanceNetworks.Create(Alice, subnet),
            InstanceNetworks.Create(Alice with { Egress = new EgressRules(EgressMode.Internet, []) }, subnet));

        all.ToJsonString(Readable).ShouldBeGolden("networks.json");
    }

    [Fact]
    public void TheRulesOfEgress()
    {
        var text = EgressRuleset.Common(["192.0.2.53"])
            + EgressRuleset.ForInstance("tnb1", new EgressRules(EgressMode.Internet, []))
            + EgressRuleset.ForInstance("tnb2", new EgressRules(EgressMode.List, ["192.0.2.7:443", "198.51.100.0/24", "[2001:db8::1]:53"]));

        text.ShouldBeGolden("egress.nft");
    }

    [Theory]
    [InlineData("dead")]
    [InlineData("removing")]
    public void OfWhatAnEngineLeftHalfRemovedANewContainerIsMade(string status)
    {
        var workload = Alice with { Services = [Alice.Services[0]] };
        var containers = new DockerContainers(workload, new DockerTargetOptions(), "/run");
        var state = new ContainerState(status, 0, 137, false, "", default, null, null);
        var labels = new Dictionary<string, string>(StringComparer.Ordinal) { [DockerLabels.Service] = "web", [DockerLabels.ServiceDigest] = containers.DigestOf(workload.Services[0]) };
        var left = new ContainerSeen("id", "name", labels, state, 0, "", ServiceShare.Of(workload.Limits, 1), default);
        var network = new Dictionary<string, string>(StringComparer.Ordinal) { [DockerLabels.Egress] = "none" };
        var seen = new InstanceSeen(network, ["data"], new Dictionary<string, ContainerSeen>(StringComparer.Ordinal) { ["web"] = left }, new Dictionary<string, ContainerSeen>(StringComparer.Ordinal), null);

        var plan = new DockerPlanner(workload, seen, InstanceObservation.Absent(workload.Ref), [], containers).Make();

        plan.Steps.ShouldHaveSingleItem().Action.ShouldBe(StepAction.Create);
    }

    [Theory]
    [InlineData("1000", true)]
    [InlineData("1000:1001", true)]
    [InlineData("0", false)]
    [InlineData("1000:0", false)]
    [InlineData("0:1000", false)]
    [InlineData("00", false)]
    [InlineData("node", false)]
    public void NeitherTheUserNorTheGroupIsRoots(string user, bool isTaken)
    {
        DockerWorkloadCheck.IsUser(user).ShouldBe(isTaken);
        if (!isTaken)
            DockerWorkloadCheck.WhyNotUser("web", user).ShouldContain("no group 0");
    }

    [Theory]
    [InlineData("/var/run/docker.sock", "never given to an instance")]
    [InlineData("/srv/engine/docker.sock", "never given to an instance")]
    [InlineData("/var/run", "is the engine's or the kernel's")]
    [InlineData("/proc/1", "is the engine's or the kernel's")]
    [InlineData("/data", null)]
    public void WhatIsTheEnginesIsRefusedAtAPath(string path, string? why)
    {
        var said = DockerWorkloadCheck.WhyNotPath("web", path);

        if (why is null)
            said.ShouldBeNull();
        else
            said.ShouldNotBeNull().ShouldContain(why);
    }

    [Fact]
    public void AnotherLimitNeedsNoNewContainerAndAnotherVariableDoes()
    {
        string Digest(InstanceWorkload workload) => new DockerContainers(workload, new DockerTargetOptions(), "/run").DigestOf(workload.Services[0]);

        Digest(SampleApp.WithLimits(Alice, Alice.Limits with { MemoryBytes = 1 << 30 })).ShouldBe(Digest(Alice));
        Digest(SampleApp.WithVariable(Alice, "NEW", "1")).ShouldNotBe(Digest(Alice));
    }
}
