using System.Net;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Docker.Engine;
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
    public async Task AnImageIsLoadedFromAnArchive()
    {
        await using var instances = new DockerInstances(engine);
        using var folder = new TemporaryFolder();
        const string Name = "tenantry-test-archived:1";
        await EngineFixture.ImportAsync(engine.Engine, Name, instances.Stop);
        await using (var archive = await engine.Engine.StreamAsync($"/images/{Name}/get", null, instances.Stop))
        await using (var file = File.Create(folder.File("image.tar")))
            await archive.CopyToAsync(file, instances.Stop);
        await engine.Engine.DeleteAsync($"/images/{Name}", instances.Stop);
        var workload = instances.Workload("alice", "exec sleep 3600", all => all with
        {
            Release = new ReleaseSource("archived", folder.Path, null),
            Services = [all.Services[0] with { Image = null, Root = new RootSource(RootKind.Image, "image.tar") }],
        });

        await instances.ApplyAsync(workload);

        (await instances.RunAsync(workload, "echo from the archive")).Output.ShouldBe("from the archive");
    }

    [NeedsDockerFact]
    public async Task ADockerfileIsBuiltOnceForAllTenants()
    {
        await using var instances = new DockerInstances(engine);
        using var folder = new TemporaryFolder();
        File.Copy(Programs.Find("busybox")!, folder.File("busybox"));
        await File.WriteAllTextAsync(folder.File("Dockerfile"), "FROM scratch\nARG MARK\nCOPY busybox /bin/busybox\nENV MARK=$MARK\n", instances.Stop);
        var build = new BuildWorkload($"{Guid.NewGuid():N}", ["Dockerfile", "busybox"], [], "Dockerfile", new Dictionary<string, string>(StringComparer.Ordinal) { ["MARK"] = "built here" }, ".");
        InstanceWorkload Made(string slug) => instances.Workload(slug, "exec sleep 3600", all => all with
        {
            Release = new ReleaseSource("built", folder.Path, build),
            Services = [all.Services[0] with { Image = null }],
        });
        var (alice, bob) = (Made("alice"), Made("bob"));

        var first = await instances.ApplyAsync(alice);
        var second = await instances.ApplyAsync(bob);

        first.ShouldContain(step => step.State == StepState.Progress && step.Message.StartsWith("Step 1/", StringComparison.Ordinal));
        second.ShouldNotContain(step => step.Message.StartsWith("Step 1/", StringComparison.Ordinal));
        (await instances.RunAsync(bob, "echo $MARK")).Output.ShouldBe("built here");
    }

    [NeedsDockerFact]
    public async Task AnImageThatIsNowhereIsExplained()
    {
        await using var instances = new DockerInstances(engine);
        var workload = instances.Workload("alice", "exec sleep 3600", all => all with { Services = [all.Services[0] with { Image = "127.0.0.1:9/nowhere/app:1" }] });

        var failure = await Should.ThrowAsync<TargetException>(instances.ApplyAsync(workload));

        failure.Sentence.ShouldContain("127.0.0.1:9/nowhere/app:1");
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
        var seen = await instances.UntilAsync(good, look => look.Health == InstanceHealth.Healthy);
        seen.State.ShouldBe(ObservedState.Running);
        (await instances.ExecAsync(good, DockerInstances.Shell("cat /data/kept; busybox wget -q -O - http://127.0.0.1:8080/"))).Output.ShouldBe("kept\nhello from alice");
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
