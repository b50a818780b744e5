using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Networks;
using Tenantry.Targets.Docker.Running;
using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>What the contract does not ask of every target.</summary>
[Collection(EngineTests.Name)]
public sealed class DockerLifeTests(EngineFixture engine)
{
    [NeedsDockerFact]
    public async Task ServicesOfOneInstanceTalkOverLoopback()
    {
        await using var instances = new DockerInstances(engine);
        var workload = instances.Workload("alice", "mkdir /tmp/www; echo main speaks > /tmp/www/index.html; exec busybox httpd -f -p 127.0.0.1:8080 -h /tmp/www", all => all with
        {
            Services = [all.Services[0] with { Ports = [new PortWorkload("http", 8080, true)], Health = new HealthWorkload("/", 8080, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 3, TimeSpan.FromSeconds(20)) }, all.Services[0] with { Name = "side", Command = DockerInstances.Shell("exec sleep 3600"), DependsOn = ["main"] }],
        });

        await instances.ApplyAsync(workload);
        var (code, output) = await instances.ExecAsync(workload, DockerInstances.Shell("busybox wget -q -O - http://127.0.0.1:8080/"), "side");

        (code, output).ShouldBe((0, "main speaks"));
    }

    [NeedsDockerFact]
    public async Task RulesForEgressThatAFirewallTookAwayComeBackByThemselves()
    {
        await using var instances = new DockerInstances(engine);
        var workload = instances.Workload("alice", "exec sleep 3600", same => same with { Egress = new EgressRules(EgressMode.Internet, []) });
        await instances.ApplyAsync(workload);
        engine.Run("nft", "delete", "table", "inet", "tenantry_docker");
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(instances.Stop);
        var watch = Task.Run(async () =>
        {
            await foreach (var _ in instances.Harness.Docker.WatchAsync(watching.Token))
            {
            }
        });

        var rules = new EngineFirewall(engine.Engine, DockerTargetOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal)));
        while (!(await rules.ReadBridgesAsync(instances.Stop)).Contains(DockerNames.Bridge(workload.Ref), StringComparer.Ordinal))
            await Task.Delay(20, instances.Stop);
        await watching.CancelAsync();
        await watch.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [NeedsDockerFact]
    public async Task AnExecOfWhatIsNotThereEndsWith127AndOfWhatCannotBeRunWith126WithTheReasonAsErrorOutput()
    {
        await using var instances = new DockerInstances(engine);
        var workload = instances.Workload("alice", "exec sleep 3600", same => same);
        await instances.ApplyAsync(workload);
        async Task<(int Code, string Output, string Error)> RunAsync(params string[] command)
        {
            using var output = new MemoryStream();
            using var error = new MemoryStream();
            var request = new ExecRequest(null, command, Stream.Null, async (piece, stop) => await output.WriteAsync(piece, stop), async (piece, stop) => await error.WriteAsync(piece, stop));
            return (await instances.Harness.Docker.ExecAsync(workload.Ref, request, instances.Stop), Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
        }

        foreach (var program in (string[])["no-such-program", "/no/such/program"])
            (await RunAsync(program)).ShouldBe((ExecRequest.NoProgram, "", $"There is no program {program} in the service main that can be run.\n"));
        foreach (var program in (string[])["/run/secrets/token", "/etc"])
        {
            var (code, output, error) = await RunAsync(program);
            (code, output).ShouldBe((ExecRequest.NotRunnable, ""), error);
            error.ShouldStartWith($"The program {program} in the service main cannot be run: ");
        }

        (await RunAsync("/bin/busybox", "sh", "-c", "echo 'OCI runtime exec failed: it only says so'; exit 126")).ShouldBe((126, "OCI runtime exec failed: it only says so\n", ""), "a command's own words are its output");
    }

    [NeedsDockerFact]
    public async Task AFailedUpgradePutsTheWorkingVersionBack()
    {
        await using var instances = new DockerInstances(engine);
        var good = instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner));
        good = SampleApp.Digested(good);
        await instances.ApplyAsync(good);
        await instances.ExecAsync(good, DockerInstances.Shell("echo kept > /data/kept"));

        var failure = await Should.ThrowAsync<TargetException>(instances.ApplyAsync(instances.Harness.Failing(good)));

        failure.Sentence.ShouldContain("boom");
        failure.Retryable.ShouldBeFalse("each try takes the working version away for a while");
        failure.Fix.ShouldNotBeNull().ShouldContain("tenantry deploy alice");
        var seen = await instances.UntilAsync(good, look => look.Health == InstanceHealth.Healthy);
        seen.State.ShouldBe(ObservedState.Running);
        (await instances.ExecAsync(good, DockerInstances.Shell("cat /data/kept; busybox wget -q -O - http://127.0.0.1:8080/"))).Output.ShouldBe("kept\nhello from alice");
    }

    [NeedsDockerFact]
    public async Task AVersionThatAnUpgradeHadStoppedWhenItWasCutOffRunsAgainWhenTheNextOneFails()
    {
        await using var instances = new DockerInstances(engine);
        var good = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        await instances.ApplyAsync(good);
        var (name, aside) = (DockerNames.Container(good.Ref, good.Services[0].Name), DockerNames.Former(good.Ref, good.Services[0].Name));
        await engine.Engine.PostAsync($"/containers/{name}/rename?name={aside}", null, instances.Stop);
        await engine.Engine.PostAsync($"/containers/{aside}/stop?t=1", null, instances.Stop);

        await Should.ThrowAsync<TargetException>(instances.ApplyAsync(instances.Harness.Failing(good)));

        (await instances.UntilAsync(good, look => look.Health == InstanceHealth.Healthy)).State.ShouldBe(ObservedState.Running);
    }

    [NeedsDockerFact]
    public async Task AFreezeAndAThawAskTheEngineLittleMoreThanForThat()
    {
        await using var instances = new DockerInstances(engine);
        using var folder = new TemporaryFolder();
        await using var trace = new EngineTrace(engine.Socket, folder.File("s"));
        var workload = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        await instances.ApplyAsync(workload);
        var target = instances.Harness.Open(folder.File("s"));
        await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, instances.Stop), instances.Stop);
        await instances.AllAsync(target.SleepAsync(workload.Ref, instances.Stop));
        await instances.AllAsync(target.WakeAsync(workload, instances.Stop));
        const int Look = 4;
        trace.Take();

        // As a pass of the reconciler does it: look, decide, change, look, decide.
        await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, instances.Stop), instances.Stop);
        trace.Take().Count.ShouldBe(Look, "what was seen is what is decided by");
        await instances.AllAsync(target.FreezeAsync(workload.Ref, instances.Stop));
        trace.Take().ShouldBe(["GET /containers/json", "POST /containers/ID/pause"]);
        await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, instances.Stop), instances.Stop);
        trace.Take().Count.ShouldBe(Look);

        await instances.AllAsync(target.WakeAsync(workload, instances.Stop));
        var asked = trace.Take();
        asked.Count.ShouldBeLessThanOrEqualTo(Look + 3, string.Join('\n', asked));
        asked.ShouldContain("POST /containers/ID/unpause");
        (await instances.ObserveAsync(workload)).State.ShouldBe(ObservedState.Running);
    }

    [NeedsDockerFact]
    public async Task AContainerRemovedByHandIsBroughtBackWithItsData()
    {
        await using var instances = new DockerInstances(engine);
        var workload = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        await instances.ApplyAsync(workload);
        await instances.ExecAsync(workload, DockerInstances.Shell("echo kept > /data/kept"));

        await engine.Engine.DeleteAsync($"/containers/{DockerNames.Container(workload.Ref, "web")}?force=1", instances.Stop);
        (await instances.ObserveAsync(workload)).State.ShouldNotBe(ObservedState.Running);
        await instances.ApplyAsync(workload);

        (await instances.ObserveAsync(workload)).Health.ShouldBe(InstanceHealth.Healthy);
        (await instances.ExecAsync(workload, DockerInstances.Shell("cat /data/kept"))).Output.ShouldBe("kept");
    }

    [NeedsDockerFact]
    public async Task TwoWhoReadTheSameDataAtOnceDoNotTakeEachOthersCarrier()
    {
        await using var instances = new DockerInstances(engine);
        var workload = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        await instances.ApplyAsync(workload);

        var lengths = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            using var tar = new MemoryStream();
            await instances.Harness.Docker.ExportAsync(workload.Ref, tar, instances.Stop);
            return tar.Length;
        }));

        lengths.ShouldAllBe(length => length > 1024);
    }

    [NeedsDockerFact]
    public async Task AnEngineThatRestartsLosesNothing()
    {
        await using var instances = new DockerInstances(engine);
        var running = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        var asleep = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("bob", instances.Harness.Owner)));
        await instances.ApplyAsync(running);
        await instances.ApplyAsync(asleep);
        await instances.AllAsync(instances.Harness.Target.SleepAsync(asleep.Ref, instances.Stop));
        await instances.ExecAsync(running, DockerInstances.Shell("echo kept > /data/kept"));

        await engine.RestartAsync();
        await instances.ApplyAsync(running);

        await instances.UntilAsync(running, look => look.Health == InstanceHealth.Healthy);
        (await instances.ExecAsync(running, DockerInstances.Shell("cat /data/kept"))).Output.ShouldBe("kept");
        (await instances.ObserveAsync(asleep)).State.ShouldBe(ObservedState.Stopped, "what slept sleeps on");
    }

    [NeedsDockerFact]
    public async Task WhoBeginsToListenIsToldOfEveryInstanceSinceWhatHappenedBeforeWasToldToNobody()
    {
        await using var instances = new DockerInstances(engine);
        var workload = instances.Workload("alice", "exec sleep 3600", same => same);
        await instances.ApplyAsync(workload);

        await foreach (var told in instances.Harness.Docker.WatchAsync(instances.Stop))
        {
            told.ShouldBe(workload.Ref.Id);
            break;
        }
    }

    [NeedsDockerFact]
    public async Task TheEndpointOfWhatHasEndedLeadsNowhereWhoeverHasItsProcesssNumberNow()
    {
        await using var instances = new DockerInstances(engine);
        var workload = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        await instances.ApplyAsync(workload);
        var before = (await instances.ObserveAsync(workload)).Endpoint.ShouldNotBeNull();
        using (await instances.Harness.Docker.OpenSocketAsync(before, instances.Stop))
            before.NamespacePath.ShouldNotBeNull();

        await engine.Engine.PostAsync($"/containers/{DockerNames.Container(workload.Ref, "web")}/restart?t=0", null, instances.Stop);

        (await Should.ThrowAsync<TargetException>(() => instances.Harness.Docker.OpenSocketAsync(before, instances.Stop))).Retryable.ShouldBeTrue();
        (await instances.UntilAsync(workload, look => look.Health == InstanceHealth.Healthy)).Endpoint.ShouldNotBe(before);
    }

    [NeedsDockerFact]
    public async Task AVolumeWhoseLabelsAnEngineLostWhenItWasEndedIsTakenAndGoesWithItsInstance()
    {
        await using var instances = new DockerInstances(engine);
        var workload = SampleApp.Digested(instances.Harness.Fit(SampleApp.Make("alice", instances.Harness.Owner)));
        var volume = DockerNames.Volume(workload.Ref, "data");
        await engine.Engine.PostAsync("/volumes/create", new JsonObject { ["Name"] = volume }, instances.Stop);

        (await instances.ApplyAsync(workload)).ShouldNotContain(step => step.Resource.Kind == "volume");
        (await instances.ObserveAsync(workload)).State.ShouldBe(ObservedState.Running);
        await instances.AllAsync(instances.Harness.Target.DeleteAsync(workload.Ref, instances.Stop));

        (await Should.ThrowAsync<EngineException>(() => engine.Engine.GetAsync($"/volumes/{volume}", instances.Stop))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [NeedsDockerFact]
    public async Task LastLinesThatTheEngineGivesNoMoreAreNoFailure()
    {
        await using var instances = new DockerInstances(engine);
        var workload = instances.Workload("alice", "echo spoken; exec sleep 3600", same => same);
        await instances.ApplyAsync(workload);
        var logs = new ContainerLogs(engine.Engine);
        var container = (await new InstanceReader(engine.Engine).ReadAsync(workload.Ref, instances.Stop)).Services["main"];
        string last;
        while ((last = await logs.LastAsync(container, 3, instances.Stop)).Length == 0)
            await Task.Delay(10, instances.Stop);

        last.ShouldBe("spoken");
        await engine.Engine.DeleteAsync($"/containers/{container.Id}?force=1", instances.Stop);
        (await logs.LastAsync(container, 3, instances.Stop)).ShouldBeEmpty();
    }
}
