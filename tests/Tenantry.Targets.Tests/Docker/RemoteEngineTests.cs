using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Docker.Networks;
using Tenantry.Targets.Tests.Linux;
using Tenantry.Targets.Tests.Local;
using Tenantry.Targets.Tests.Local.Attacks;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>The whole contract, with the engine on another machine.</summary>
[Collection(RemoteEngineTestGroup.Name)]
public sealed class RemoteContractTests(RemoteEngineFixture engine) : TargetContract
{
    public static string? WhyNot => NeedsDockerFactAttribute.WhyNotHere;

    protected override Task<ContractHarness> OpenAsync() => Task.FromResult<ContractHarness>(new RemoteHarness(engine));
}

/// <summary>What is particular about an engine on another machine.</summary>
[Collection(RemoteEngineTestGroup.Name)]
public sealed class RemoteEngineTests(RemoteEngineFixture engine)
{
    [NeedsDockerFact]
    public async Task SecretsLieInMemoryThereForRootAloneAndGoWithTheirContainersAndTheInstance()
    {
        await using var instances = new InstancesOn<RemoteHarness>(new RemoteHarness(engine));
        var workload = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        await instances.ApplyAsync(workload);

        (await instances.RunAsync(workload, "cat /run/secrets/token; echo; cat /etc/sample/config.json")).Output.ShouldBe("canary-secret-value\n{}");
        (await instances.RunAsync(workload, "echo x > /run/secrets/token")).Code.ShouldNotBe(0, "it is read-only");
        var closed = Path.Combine(instances.Harness.Memory, "instances");
        File.GetUnixFileMode(closed).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Contents(closed).ShouldContain("canary-secret-value");

        var changed = SampleApp.Digested(workload with { Secrets = new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = "another" } });
        await instances.ApplyAsync(changed);

        (await instances.RunAsync(changed, "cat /run/secrets/token")).Output.ShouldBe("another");
        Contents(closed).ShouldNotContain("canary-secret-value");
        await instances.AllAsync(instances.Harness.Target.DeleteAsync(changed.Ref, instances.Stop));
        Contents(closed).ShouldBeEmpty();
    }

    [NeedsDockerFact]
    public async Task AnInstanceIsPublishedOnThePrivateAddressAloneAndReachesNothingItself()
    {
        await using var instances = new InstancesOn<RemoteHarness>(new RemoteHarness(engine));
        InstanceWorkload Made(string slug) => SampleApp.Digested(instances.Harness.Fit(SampleApp.Make(slug, instances.Harness.Owner)));
        var (alice, bob) = (Made("alice"), Made("bob"));
        await instances.ApplyAsync(alice);
        await instances.ApplyAsync(bob);
        var endpoint = (await instances.ObserveAsync(bob)).Endpoint.ShouldNotBeNull();
        (endpoint.Host, endpoint.NamespacePid, endpoint.NamespacePath).ShouldBe(("10.98.0.1", null, null));

        var published = await engine.Here.Engine.GetAsync($"/containers/{DockerNames.Container(bob.Ref, "web")}/json", instances.Stop);
        published.GetProperty("NetworkSettings").GetProperty("Ports").EnumerateObject().SelectMany(port => port.Value.EnumerateArray()).ShouldAllBe(bound => bound.GetProperty("HostIp").GetString() == "10.98.0.1");
        var engines = $"busybox nc -w 2 10.98.0.1 {RemoteEngineFixture.Port} < /dev/null";
        (await instances.RunAsync(alice, $"busybox nc -w 2 {endpoint.Host} {endpoint.Port} < /dev/null")).Code.ShouldNotBe(0, "a neighbour's published port");
        (await instances.RunAsync(alice, engines)).Code.ShouldNotBe(0, "the engine");
        (await PlainAsync(engines, instances.Stop)).ShouldBe(0, "a container that the rules are not for reaches it, so that the question is a fair one");
    }

    [NeedsDockerFact]
    public async Task CommandsRestAndDataWorkAsOnThisMachine()
    {
        await using var instances = new InstancesOn<RemoteHarness>(new RemoteHarness(engine));
        var workload = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        await instances.ApplyAsync(workload);
        var target = (DockerTarget)instances.Harness.Target;
        using var typed = new MemoryStream("what was typed"u8.ToArray());
        using var said = new MemoryStream();
        var request = new ExecRequest(null, InstancesOn<RemoteHarness>.Shell("cat; echo kept > /data/kept"), typed, async (piece, stop) => await said.WriteAsync(piece, stop), (_, _) => ValueTask.CompletedTask);

        (await target.ExecAsync(workload.Ref, request, instances.Stop)).ShouldBe(0);
        System.Text.Encoding.UTF8.GetString(said.ToArray()).ShouldBe("what was typed", "the end of the input is told over TLS too");
        await instances.AllAsync(target.SleepAsync(workload.Ref, instances.Stop));
        using var tar = new MemoryStream();
        await target.ExportAsync(workload.Ref, tar, instances.Stop);
        tar.Position = 0;
        await target.ImportAsync(workload.Ref, tar, instances.Stop);
        await instances.AllAsync(target.WakeAsync(workload, instances.Stop));

        var endpoint = (await instances.ObserveAsync(workload)).Endpoint.ShouldNotBeNull();
        (await TinyHttp.GetAsync(target, endpoint, instances.Stop)).ShouldContain("hello from alice");
        (await instances.RunAsync(workload, "cat /data/kept")).Output.ShouldBe("kept");
    }

    [NeedsDockerFact]
    public async Task WithInternetItReachesThatAndNeitherPrivateRangesNorMetadataNorTheMachineNorANeighbour()
    {
        using var world = await StandInNetwork.AroundAsync(engine.Here.Network);
        await world.ListenOnHostAsync(IPAddress.Any, 7070);
        await using var instances = new InstancesOn<RemoteHarness>(new RemoteHarness(engine));
        InstanceWorkload Made(string slug, EgressMode egress) => SampleApp.Digested(instances.Harness.Fit(SampleApp.Make(slug, instances.Harness.Owner) with { Egress = new EgressRules(egress, []) }));
        var (alice, bob, closed) = (Made("alice", EgressMode.Internet), Made("bob", EgressMode.Internet), Made("carol", EgressMode.None));
        foreach (var workload in (InstanceWorkload[])[alice, bob, closed])
            await instances.ApplyAsync(workload);
        var published = (await instances.ObserveAsync(bob)).Endpoint.ShouldNotBeNull();
        var inside = (await engine.Here.Engine.GetAsync($"/containers/{DockerNames.Container(bob.Ref, "web")}/json", instances.Stop)).GetProperty("NetworkSettings").GetProperty("Networks").EnumerateObject().Single().Value.GetProperty("IPAddress");
        async Task<bool> ReachesAsync(InstanceWorkload from, string place) => (await instances.RunAsync(from, $"timeout 3 busybox wget -q -O - http://{place}/")).Code == 0;

        (await ReachesAsync(alice, StandInNetwork.Internet)).ShouldBeTrue();
        (await ReachesAsync(closed, StandInNetwork.Internet)).ShouldBeFalse();
        string[] places = [StandInNetwork.Metadata, StandInNetwork.Private, $"{StandInNetwork.Host}:7070", $"{RemoteEngineFixture.Address}:7070", $"{published.Host}:{published.Port}", $"{inside}:8080"];
        (await Task.WhenAll(places.Select(place => ReachesAsync(alice, place)))).ShouldAllBe(reached => !reached);
        (await TinyHttp.GetAsync((ISockets)instances.Harness.Target, published, instances.Stop)).ShouldContain("hello from bob");
    }

    [NeedsDockerFact]
    public async Task WithoutTheRulesNothingRunsThereAndWithAListNeither()
    {
        await using var harness = new RemoteHarness(engine);
        var workload = SampleApp.Digested(harness.Fit(SampleApp.Make("alice", harness.Owner)));
        var options = engine.Options("/run/nothing");
        options.Remove("rules");
        await using var target = Open(options);
        async Task<string> RefusedAsync(ITarget by, InstanceWorkload what) =>
            (await Should.ThrowAsync<TargetException>(() => by.PlanAsync(what, InstanceObservation.Absent(what.Ref), CancellationToken.None))).Sentence;

        (await RefusedAsync(target, workload)).ShouldContain("rules=loaded");
        (await target.ProbeAsync(CancellationToken.None)).Works.ShouldBeFalse();
        (await RefusedAsync(harness.Target, workload with { Egress = new EgressRules(EgressMode.List, ["192.0.2.7:443"]) })).ShouldContain("egress: none or internet");
        (await harness.Target.ProbeAsync(CancellationToken.None)).Findings.ShouldContain(finding => finding.Subject == "egress" && finding.Message.Contains("a list is refused", StringComparison.Ordinal));
    }

    [NeedsDockerFact]
    public async Task WhatIsWrongWithTheWayThereIsSaidInASentence()
    {
        using var stranger = new TestCertificates("somebody else");
        stranger.Write(engine.NewFolder("stranger"), server: null);
        File.Copy(Path.Combine(engine.NewFolder("client"), "ca.pem"), Path.Combine(engine.NewFolder("stranger"), "good-ca.pem"), overwrite: true);
        engine.Authority.Write(engine.NewFolder("ended"), server: null, TimeProvider.System.GetUtcNow().AddHours(-47));
        var nothing = new Dictionary<string, string>(StringComparer.Ordinal);

        (await CheckAsync(nothing)).ShouldContain("at tcp://10.98.0.1:2376");
        (await CheckAsync(new() { ["ca"] = Path.Combine(engine.NewFolder("stranger"), "ca.pem") })).ShouldContain("was not made by the authority in");
        (await CheckAsync(new() { ["engine"] = $"tcp://{RemoteEngineFixture.OtherAddress}:2376" })).ShouldContain("is not for 10.98.0.3");
        (await CheckAsync(new() { ["cert-path"] = engine.NewFolder("stranger"), ["ca"] = Path.Combine(engine.NewFolder("stranger"), "good-ca.pem") })).ShouldContain("does not accept our certificate");
        (await CheckAsync(new() { ["cert-path"] = engine.NewFolder("ended") })).ShouldContain("does not accept our certificate");
        (await CheckAsync(new() { ["engine"] = "tcp://10.98.0.1:2377" })).ShouldContain("Connection refused");
        (await CheckAsync(new() { ["key"] = "/no/such/key.pem" })).ShouldContain("/no/such/key.pem");
        (await CheckAsync(new() { ["key"] = Path.Combine(engine.NewFolder("client"), "cert.pem") })).ShouldContain("is no certificate with its key");
    }

    [Fact]
    public void TheRulesOfSuchAMachineAreThoseOfTheCode() =>
        string.Concat(File.ReadLines(RemoteEngineFixture.RulesFile()).Where(line => line[0] != '#').Select(line => line + "\n")).ShouldBe(EgressRuleset.Common([], isPublished: true));

    private async Task<string> CheckAsync(Dictionary<string, string> changed)
    {
        var options = engine.Options("/run/nothing");
        foreach (var (key, value) in changed)
            options[key] = value;
        await using var target = Open(options);
        var report = await target.ProbeAsync(CancellationToken.None);
        return string.Join('\n', report.Findings.Where(finding => finding.Subject == "engine").Select(finding => $"{finding.Message} {finding.Fix}"));
    }

    private DockerTarget Open(Dictionary<string, string> options) => new(
        new TargetContext("docker", "owner", "/nowhere", "/nowhere", options, TimeProvider.System, NullLogger.Instance), DockerTargetOptions.Parse(options) with { Network = engine.Away });

    private async Task<int> PlainAsync(string script, CancellationToken stop)
    {
        var body = new JsonObject { ["Image"] = EngineFixture.Image, ["Entrypoint"] = new JsonArray("/bin/busybox", "sh", "-c"), ["Cmd"] = new JsonArray(script) };
        var id = (await engine.Here.Engine.PostAsync("/containers/create", body, stop)).GetProperty("Id").GetString();
        await engine.Here.Engine.PostAsync($"/containers/{id}/start", null, stop);
        var end = await engine.Here.Engine.PostAsync($"/containers/{id}/wait", null, stop);
        await engine.Here.Engine.DeleteAsync($"/containers/{id}?force=1", stop);
        return end.GetProperty("StatusCode").GetInt32();
    }

    private static string Contents(string folder) =>
        string.Concat(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(File.ReadAllText));
}
