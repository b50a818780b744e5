using System.Net;
using System.Net.Sockets;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local.Attacks;

public sealed class NetworkAttacks
{
    [NeedsCrunFact]
    public async Task CannotReachAPortOfANeighbour()
    {
        using var folder = new TemporaryFolder();
        var network = folder.File("network");
        Targets.Linux.PinnedNamespaces.Create(network);
        await Attack.IsRefusedAsync(
            async scene =>
            {
                var bob = scene.Instances.RunAsync(scene.Bob, "echo page of bob > /tmp/index.html; echo $$ > /tmp/pid; exec busybox httpd -f -p 127.0.0.1:8080 -h /tmp");
                while ((await scene.Instances.RunAsync(scene.Bob, "busybox wget -q -O - http://127.0.0.1:8080/")).Code != 0)
                    await Task.Delay(10, scene.Instances.Stop);
                var succeeded = await scene.SucceedsAsync("timeout 5 busybox wget -q -O - http://127.0.0.1:8080/", "page of bob");
                await scene.Instances.RunAsync(scene.Bob, "kill $(cat /tmp/pid)");
                await bob;
                return succeeded;
            },
            all => all with { Network = false },
            hostNetwork: network);
    }

    [NeedsCrunFact("ip")]
    public async Task CannotReachTheControlPlanesApi()
    {
        using var network = await StandInNetwork.MakeAsync();
        await network.ListenOnHostAsync(IPAddress.Loopback, 7070);
        await Attack.IsRefusedAsync(
            scene => scene.SucceedsAsync("timeout 5 busybox wget -q -O - http://127.0.0.1:7070/v1/tenants", "reached"),
            all => all with { Network = false },
            hostNetwork: network.HostNetwork);
    }

    [NeedsCrunFact("gcc")]
    public async Task CannotReachTheControlPlanesSocket()
    {
        using var folder = new TemporaryFolder();
        using var probe = await ProbeProgram.CompileAsync();
        using var engine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var path = folder.File("engine.sock");
        engine.Bind(new UnixDomainSocketEndPoint(path));
        engine.Listen();
        await Attack.IsRefusedAsync(
            scene => scene.SucceedsAsync($"/app/probe connect-unix /host{path} || /app/probe connect-unix {path}"),
            all => all with { OwnRoot = false, UserRange = false, NoCapabilities = false },
            user: "0",
            fit: probe.Into);
    }

    [NeedsCrunFact("ip")]
    public async Task WithoutEgressNothingIsReachedAtAll()
    {
        using var network = await StandInNetwork.MakeAsync();
        await Attack.IsRefusedAsync(scene => ReachesAsync(scene, StandInNetwork.Internet), all => all with { Network = false }, hostNetwork: network.HostNetwork);
        await Attack.IsRefusedAsync(scene => ReachesAsync(scene, StandInNetwork.Metadata), all => all with { Network = false }, hostNetwork: network.HostNetwork);
    }

    [NeedsCrunFact("ip", "nft")]
    public async Task WithInternetTheMetadataAddressStaysClosed()
    {
        using var network = await StandInNetwork.MakeAsync();
        await Attack.IsRefusedAsync(scene => ReachesAsync(scene, StandInNetwork.Metadata), all => all with { EgressFilter = false }, fit: Internet, hostNetwork: network.HostNetwork);
    }

    [NeedsCrunFact("ip", "nft")]
    public async Task WithInternetPrivateRangesStayClosed()
    {
        using var network = await StandInNetwork.MakeAsync();
        await Attack.IsRefusedAsync(scene => ReachesAsync(scene, StandInNetwork.Private), all => all with { EgressFilter = false }, fit: Internet, hostNetwork: network.HostNetwork);
    }

    [NeedsCrunFact("ip", "nft")]
    public async Task WithInternetTheHostItselfStaysClosed()
    {
        using var network = await StandInNetwork.MakeAsync();
        await network.ListenOnHostAsync(IPAddress.Any, 7070);
        await Attack.IsRefusedAsync(
            scene => scene.SucceedsAsync($"timeout 2 busybox wget -q -O - http://{StandInNetwork.Host}:7070/ || timeout 2 busybox wget -q -O - http://{EgressPlan.For(scene.Instances.Harness.Paths.Data).HostAddress}:7070/", "reached"),
            all => all with { EgressFilter = false },
            fit: Internet,
            hostNetwork: network.HostNetwork);
    }

    [NeedsCrunFact("ip", "nft")]
    public async Task NeighboursOnTheBridgeDoNotReachEachOther()
    {
        using var network = await StandInNetwork.MakeAsync();
        await Attack.IsRefusedAsync(
            async scene =>
            {
                var address = (await scene.Instances.RunAsync(scene.Bob, "busybox ip -4 -o addr show dev eth0 | sed 's/.*inet //; s/\\/.*//'")).Output;
                var bob = scene.Instances.RunAsync(scene.Bob, "echo page of bob > /tmp/index.html; echo $$ > /tmp/pid; exec busybox httpd -f -p 8080 -h /tmp");
                while ((await scene.Instances.RunAsync(scene.Bob, "busybox wget -q -O - http://127.0.0.1:8080/")).Code != 0)
                    await Task.Delay(10, scene.Instances.Stop);
                var succeeded = await scene.SucceedsAsync($"timeout 2 busybox wget -q -O - http://{address}:8080/", "page of bob");
                await scene.Instances.RunAsync(scene.Bob, "kill $(cat /tmp/pid)");
                await bob;
                return succeeded;
            },
            all => all with { IsolatedPorts = false, EgressFilter = false },
            fit: Internet,
            hostNetwork: network.HostNetwork);
    }

    [NeedsCrunFact("ip", "nft")]
    public async Task InternetAndListsOpenWhatTheySay()
    {
        using var network = await StandInNetwork.MakeAsync();
        await using var instances = new Instances(new LocalHarness(null, network.HostNetwork));
        var open = SampleApp.Digested(Internet(instances.Workload("open")));
        var listed = SampleApp.Digested(instances.Workload("listed") with { Egress = new EgressRules(EgressMode.List, [$"{StandInNetwork.Private}:80", $"{StandInNetwork.OtherInternet}:443", "169.254.0.0/16"]) });
        await instances.ApplyAsync(open);
        await instances.ApplyAsync(listed);
        var fromOpen = new Attack.Scene(instances, open, open);
        var fromListed = new Attack.Scene(instances, listed, listed);

        (await ReachesAsync(fromOpen, StandInNetwork.Internet)).ShouldBeTrue();
        (await ReachesAsync(fromOpen, StandInNetwork.OtherInternet)).ShouldBeTrue();
        (await ReachesAsync(fromListed, StandInNetwork.Private)).ShouldBeTrue();
        (await ReachesAsync(fromListed, StandInNetwork.Internet)).ShouldBeFalse("it is not listed");
        (await ReachesAsync(fromListed, StandInNetwork.OtherInternet)).ShouldBeFalse("another port of it is listed");
        (await ReachesAsync(fromListed, StandInNetwork.Metadata)).ShouldBeFalse("it is closed whatever a list says");
        (await instances.Harness.Local.PlanAsync(open, await instances.ObserveAsync(open), instances.Stop)).Steps.ShouldBeEmpty();
    }

    [NeedsCrunFact("ip", "nft")]
    public async Task EgressChangesAndSleepLeaveNoWayOutBehind()
    {
        using var network = await StandInNetwork.MakeAsync();
        await using var instances = new Instances(new LocalHarness(null, network.HostNetwork));
        var closed = instances.Workload("alice");
        var open = SampleApp.Digested(Internet(closed));
        var scene = new Attack.Scene(instances, open, open);
        await instances.ApplyAsync(closed);
        (await ReachesAsync(scene, StandInNetwork.Internet)).ShouldBeFalse();
        await instances.ApplyAsync(open);
        (await ReachesAsync(scene, StandInNetwork.Internet)).ShouldBeTrue();
        (await network.ForwardsAsync("out")).ShouldBeTrue();

        await instances.AllAsync(instances.Harness.Local.SleepAsync(open.Ref, instances.Stop));
        await instances.AllAsync(instances.Harness.Local.WakeAsync(open, instances.Stop));
        (await ReachesAsync(scene, StandInNetwork.Internet)).ShouldBeTrue();

        await instances.ApplyAsync(closed);
        (await ReachesAsync(scene, StandInNetwork.Internet)).ShouldBeFalse();
        (await network.LinksOfHostAsync()).ShouldBe(["lo", "out"], ignoreOrder: true, "the host is as it was");
        (await network.ForwardsAsync("out")).ShouldBeFalse();
    }

    [NeedsCrunFact("ip", "nft")]
    public async Task AWayOutThatACrashLeftHalfMadeIsSeenAndFinished()
    {
        using var network = await StandInNetwork.MakeAsync();
        await using var instances = new Instances(new LocalHarness(null, network.HostNetwork));
        var open = SampleApp.Digested(Internet(instances.Workload("alice")));
        var scene = new Attack.Scene(instances, open, open);
        await instances.ApplyAsync(open);
        (await ReachesAsync(scene, StandInNetwork.Internet)).ShouldBeTrue();

        // As far as an engine comes that is killed when the link is there and nothing else of it.
        await network.ChangeAsync(instances.Harness.Paths.Of(open.Ref).Network, "addr flush dev eth0\nlink set eth0 down\n");
        (await ReachesAsync(scene, StandInNetwork.Internet)).ShouldBeFalse();
        (await instances.ObserveAsync(open)).Drift.ShouldHaveSingleItem().Resource.ShouldBe("network alice");
        await instances.ApplyAsync(open);

        (await ReachesAsync(scene, StandInNetwork.Internet)).ShouldBeTrue();
        (await instances.ObserveAsync(open)).Drift.ShouldBeEmpty();
    }

    [NeedsCrunFact("ip", "nft")]
    public async Task ACrashWhileTheLastWayOutClosesLeavesTheHostAsItWas()
    {
        using var network = await StandInNetwork.MakeAsync();
        await using var instances = new Instances(new LocalHarness(null, network.HostNetwork));
        var open = SampleApp.Digested(Internet(instances.Workload("alice")));
        var plan = EgressPlan.For(instances.Harness.Paths.Data);
        await instances.ApplyAsync(open);
        (await network.HasTableAsync(plan.HostTable)).ShouldBeTrue();
        await instances.Harness.Local.DisposeAsync();

        // As far as an engine comes that is killed when the hub is gone and the host not yet as it was.
        Targets.Linux.PinnedNamespaces.Unpin(Path.Combine(instances.Harness.Paths.Namespaces, "@hub.net"));
        var next = instances.Harness.Open();
        await next.ObserveAsync(open.Ref, instances.Stop);
        while (await network.ForwardsAsync("out") || await network.HasTableAsync(plan.HostTable))
            await Task.Delay(20, instances.Stop);

        await instances.ApplyAsync(open, next);
        (await network.HasTableAsync(plan.HostTable)).ShouldBeTrue("it is open again");
        await instances.AllAsync(next.DeleteAsync(open.Ref, instances.Stop));
    }

    [NeedsCrunFact("ip")]
    public async Task WhereTheKernelHasNoIpv6ThereIsNothingToSwitchOff()
    {
        using var network = await StandInNetwork.MakeAsync();
        using var sockets = new Targets.Linux.NamespaceSockets();
        var tool = new NamespaceTool(sockets);
        const string There = "/proc/sys/net/ipv4/conf/out/forwarding";
        await tool.WriteIfThereAsync(network.HostNetwork, There, "1", CancellationToken.None);
        (await network.ForwardsAsync("out")).ShouldBeTrue();

        // As the setting of a kernel that was started with ipv6.disable=1.
        await tool.WriteIfThereAsync(network.HostNetwork, "/proc/sys/net/ipv7/conf/all/disable_ipv7", "1", CancellationToken.None);
        await Should.ThrowAsync<IOException>(() => tool.WriteAsync(network.HostNetwork, "/proc/sys/net/ipv7/conf/all/disable_ipv7", "1", CancellationToken.None));
    }

    private static InstanceWorkload Internet(InstanceWorkload workload) => workload with { Egress = new EgressRules(EgressMode.Internet, []) };

    private static Task<bool> ReachesAsync(Attack.Scene scene, string address) =>
        scene.SucceedsAsync($"timeout 2 busybox wget -q -O - http://{address}/", "reached");
}
