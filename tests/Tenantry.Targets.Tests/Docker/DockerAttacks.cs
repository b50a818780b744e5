using System.Net;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Tests.Local.Attacks;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>
/// Attacks from inside one tenant's container against its neighbour and the host: each is refused, and succeeds in a container
/// without protection. The engine's network is the tests' own, and so is the world around it.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class DockerAttacks(EngineFixture engine)
{
    private const string Serve = "mkdir -p /tmp/www; echo page of bob > /tmp/www/index.html; exec busybox httpd -f -p 8080 -h /tmp/www";

    [NeedsDockerFact]
    public async Task ANeighbourIsReachedByNoAddressAndNoName()
    {
        await using var instances = new DockerInstances(engine);
        var (alice, bob) = await NeighboursAsync(instances, Serve);
        var address = await instances.AddressAsync(bob);
        var name = DockerNames.Container(bob.Ref, "main");
        string[] ways = [address, name, "bob", $"{name}.{DockerNames.Network(bob.Ref)}"];

        (await instances.ReachedAsync(alice, [.. ways.Select(way => $"{way}:8080")], "page of bob")).ShouldBeEmpty();
        await APlainNeighbourIsReachedAsync(instances);
    }

    [NeedsDockerFact]
    public async Task WithEgressTooNeighboursDoNotReachEachOther()
    {
        using var world = await StandInNetwork.AroundAsync(engine.Network);
        await using var instances = new DockerInstances(engine);
        var (alice, bob) = await NeighboursAsync(instances, Serve, Internet);

        (await instances.SucceedsAsync(alice, DockerInstances.Fetch($"{await instances.AddressAsync(bob)}:8080"), "page of bob")).ShouldBeFalse();
        await APlainNeighbourIsReachedAsync(instances);
    }

    [NeedsDockerFact]
    public async Task NothingIsPublishedOnTheHost()
    {
        await using var instances = new DockerInstances(engine);
        var (_, bob) = await NeighboursAsync(instances, Serve);

        var seen = await instances.InspectAsync(bob);

        seen.GetProperty("HostConfig").GetProperty("PublishAllPorts").GetBoolean().ShouldBeFalse();
        seen.GetProperty("NetworkSettings").GetProperty("Ports").EnumerateObject().ShouldBeEmpty();
    }

    [NeedsDockerFact]
    public async Task ANeighboursVolumesSecretsAndVariablesAreOutOfReach()
    {
        await using var instances = new DockerInstances(engine);
        var (alice, bob) = await NeighboursAsync(instances, "echo data of bob > /data/canary; exec sleep 3600");
        await instances.RunAsync(bob, "while [ ! -e /data/canary ]; do sleep 0.1; done");
        const string Look = "grep -r -s -h -e 'data of bob' -e 'secret of bob' / --exclude-dir=proc --exclude-dir=sys 2>/dev/null; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; true";
        var volume = (await engine.Engine.GetAsync($"/volumes/{DockerNames.Volume(bob.Ref, "data")}", instances.Stop)).GetProperty("Mountpoint").GetString()!;
        var secret = (await instances.InspectAsync(bob)).GetProperty("Mounts").EnumerateArray().First(mount => mount.GetProperty("Destination").GetString() == DockerContainers.SecretsPath).GetProperty("Source").GetString()!;
        JsonObject open = new() { ["Binds"] = new JsonArray("/:/host"), ["PidMode"] = "host", ["CapAdd"] = new JsonArray("SYS_PTRACE") };

        foreach (var canary in (string[])["data of bob", "secret of bob", "canary of bob"])
            (await instances.SucceedsAsync(alice, Look, canary)).ShouldBeFalse(canary);
        (await instances.SucceedsUnprotectedAsync((JsonObject)open.DeepClone(), $"cat /host{volume}/canary", "data of bob")).ShouldBeTrue();
        (await instances.SucceedsUnprotectedAsync((JsonObject)open.DeepClone(), $"cat /host{secret}/token", "secret of bob")).ShouldBeTrue();
        (await instances.SucceedsUnprotectedAsync((JsonObject)open.DeepClone(), "cat /proc/[0-9]*/environ 2>/dev/null; true", "canary of bob")).ShouldBeTrue();
    }

    [NeedsDockerFact]
    public async Task TheEnginesSocketIsNotThere()
    {
        await using var instances = new DockerInstances(engine);
        var (alice, _) = await NeighboursAsync(instances);
        var look = $"[ -S /var/run/docker.sock ] || [ -S {engine.Socket} ]";

        (await instances.SucceedsAsync(alice, look)).ShouldBeFalse();
        (await instances.SucceedsUnprotectedAsync(new JsonObject { ["Binds"] = new JsonArray($"{engine.Socket}:/var/run/docker.sock") }, look)).ShouldBeTrue();
    }

    [NeedsDockerFact]
    public async Task WithoutEgressNothingAroundIsReached()
    {
        using var world = await StandInNetwork.AroundAsync(engine.Network);
        await world.ListenOnHostAsync(IPAddress.Any, 7070);
        await using var instances = new DockerInstances(engine);
        var (alice, _) = await NeighboursAsync(instances);

        string[] places = [StandInNetwork.Internet, StandInNetwork.Metadata, StandInNetwork.Private, $"{StandInNetwork.Host}:7070"];
        (await instances.ReachedAsync(alice, places)).ShouldBeEmpty();
        foreach (var place in places)
            (await instances.SucceedsUnprotectedAsync(On("bridge"), DockerInstances.Fetch(place), "reached")).ShouldBeTrue(place);
    }

    [NeedsDockerFact]
    public async Task WithInternetMetadataPrivateRangesAndTheHostStayClosed()
    {
        using var world = await StandInNetwork.AroundAsync(engine.Network);
        await world.ListenOnHostAsync(IPAddress.Any, 7070);
        await using var instances = new DockerInstances(engine);
        var (alice, _) = await NeighboursAsync(instances, fit: Internet);
        var gateway = (await instances.InspectAsync(alice)).GetProperty("NetworkSettings").GetProperty("Networks").GetProperty(DockerNames.Network(alice.Ref)).GetProperty("Gateway").GetString();

        (await instances.ReachedAsync(alice, [StandInNetwork.Internet, StandInNetwork.Metadata, StandInNetwork.Private, $"{StandInNetwork.Host}:7070", $"{gateway}:7070"])).ShouldBe([StandInNetwork.Internet]);
    }

    [NeedsDockerFact]
    public async Task AListOpensWhatItSays()
    {
        using var world = await StandInNetwork.AroundAsync(engine.Network);
        await using var instances = new DockerInstances(engine);
        var (alice, _) = await NeighboursAsync(
            instances, fit: workload => workload with { Egress = new EgressRules(EgressMode.List, [$"{StandInNetwork.Private}:80", $"{StandInNetwork.OtherInternet}:443", "169.254.0.0/16"]) });

        (await instances.ReachedAsync(alice, [StandInNetwork.Private, StandInNetwork.Internet, StandInNetwork.OtherInternet, StandInNetwork.Metadata])).ShouldBe([StandInNetwork.Private]);
    }

    [NeedsDockerFact]
    public async Task AForkBombStopsAtItsOwnLimit()
    {
        await using var instances = new DockerInstances(engine);
        var (alice, bob) = await NeighboursAsync(instances);
        const string Bomb = "i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i+1)); done; echo all of them";

        (await instances.SucceedsAsync(alice, Bomb, "all of them")).ShouldBeFalse();
        (await instances.SucceedsUnprotectedAsync([], Bomb, "all of them")).ShouldBeTrue();
        await BothLiveAsync(instances, alice, bob);
    }

    [NeedsDockerFact]
    public async Task OfAMemoryHogOnlyTheHogDies()
    {
        await using var instances = new DockerInstances(engine);
        var (alice, bob) = await NeighboursAsync(instances);
        const string Hog = "dd if=/dev/zero of=/dev/null bs=256M count=1";

        (await instances.SucceedsAsync(alice, Hog)).ShouldBeFalse();
        (await instances.SucceedsUnprotectedAsync([], Hog)).ShouldBeTrue();
        await BothLiveAsync(instances, alice, bob);
    }

    [NeedsDockerFact]
    public async Task ADiskFillerFindsNoPlaceToFill()
    {
        await using var instances = new DockerInstances(engine);
        var (alice, bob) = await NeighboursAsync(instances);
        const string Root = "dd if=/dev/zero of=/filler bs=1M count=64";

        (await instances.SucceedsAsync(alice, Root)).ShouldBeFalse();
        (await instances.SucceedsAsync(alice, "dd if=/dev/zero of=/tmp/filler bs=1M count=65")).ShouldBeFalse("/tmp holds 64 MB");
        (await instances.SucceedsUnprotectedAsync([], Root)).ShouldBeTrue();
        await BothLiveAsync(instances, alice, bob);
    }

    [NeedsDockerFact]
    public async Task TheKernelsDoorsAreShut()
    {
        await using var instances = new DockerInstances(engine);
        var (alice, _) = await NeighboursAsync(instances);
        foreach (var attack in (string[])["mount -t tmpfs none /tmp", "mknod /tmp/disk b 8 0", "ping -c 1 127.0.0.1", "hostname other", "ip link set lo down", "chroot / true"])
        {
            (await instances.SucceedsAsync(alice, attack)).ShouldBeFalse(attack);
            (await instances.SucceedsUnprotectedAsync(new JsonObject { ["CapAdd"] = new JsonArray("SYS_ADMIN", "NET_ADMIN"), ["SecurityOpt"] = new JsonArray("seccomp=unconfined"), ["Tmpfs"] = new JsonObject { ["/tmp"] = "rw" } }, attack)).ShouldBeTrue(attack);
        }
    }

    // On one network, as the services of a Compose file are, the same attack works by name.
    private static async Task APlainNeighbourIsReachedAsync(DockerInstances instances)
    {
        var (network, victim) = await instances.PlainNeighbourAsync(Serve);
        var reached = await instances.SucceedsUnprotectedAsync(On(network), $"for i in 1 2 3 4 5 6 7 8; do {DockerInstances.Fetch($"{victim}:8080")} && exit; sleep 0.2; done; exit 1", "page of bob");
        await instances.RemovePlainAsync();
        reached.ShouldBeTrue();
    }

    private static JsonObject On(string network) => new() { ["NetworkMode"] = network };

    private static InstanceWorkload Internet(InstanceWorkload workload) => workload with { Egress = new EgressRules(EgressMode.Internet, []) };

    private static async Task<(InstanceWorkload Alice, InstanceWorkload Bob)> NeighboursAsync(
        DockerInstances instances, string bobs = "exec sleep 3600", Func<InstanceWorkload, InstanceWorkload>? fit = null)
    {
        InstanceWorkload Made(string slug, string script) => instances.Workload(slug, script, workload => (fit ?? (same => same))(workload with
        {
            Services =
            [
                workload.Services[0] with
                {
                    Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["CANARY"] = $"canary of {slug}" },
                    Volumes = [new VolumeWorkload("data", "/data", null)],
                },
            ],
        }));
        var (alice, bob) = (Made("alice", "exec sleep 3600"), Made("bob", bobs));

        // The attacker comes last, so that it would find everything of the other.
        await instances.ApplyAsync(bob);
        await instances.ApplyAsync(alice);
        return (alice, bob);
    }

    private static async Task BothLiveAsync(DockerInstances instances, params InstanceWorkload[] workloads)
    {
        foreach (var workload in workloads)
        {
            (await instances.ObserveAsync(workload)).State.ShouldBe(ObservedState.Running);
            (await instances.InspectAsync(workload)).GetProperty("RestartCount").GetInt32().ShouldBe(0, workload.Ref.Slug);
        }
    }
}
