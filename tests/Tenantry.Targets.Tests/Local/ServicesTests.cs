using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Local;

public sealed class ServicesTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [NeedsCrunFact]
    public async Task ACommandIsAsLikelyToBeEndedForMemoryAsItsService()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = instances.Workload("alice");
        await instances.ApplyAsync(alice);

        var scores = (await instances.RunAsync(alice, "cat /proc/self/oom_score_adj /proc/1/oom_score_adj")).Output.Split('\n');
        scores[0].ShouldBe(scores[1]);
        scores[0].ShouldNotBe("0");
    }

    [NeedsCrunFact]
    public async Task TheHostsDeviceNodesStayRoots()
    {
        string[] nodes = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];
        await using var instances = new Instances(new LocalHarness());
        var before = nodes.Select(FileStatus.OwnerOf).ToArray();
        var alice = instances.Workload("alice");
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "chmod 666 /dev/null")).Code.ShouldNotBe(0);
        nodes.Select(FileStatus.OwnerOf).ToArray().ShouldBe(before);
        (await instances.RunAsync(alice, "busybox stat -L -c %F /proc/1/fd/0; busybox timeout 5 cat /proc/1/fd/0")).ShouldBe((0, "fifo"));
    }

    [NeedsCrunFact]
    public async Task ServicesOfAnInstanceShareItsNetworkAndStartInOrder()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = Two(instances);
        var events = await instances.ApplyAsync(alice);
        var steps = events.Where(step => step.State == StepState.Started && step.Resource.Kind == "service").Select(step => $"{step.Action} {step.Resource.Name}");

        steps.ShouldBe(["Create alice-store", "Wait alice-store", "Create alice-web", "Wait alice-web"]);
        (await instances.ExecAsync(alice, Instances.Shell("busybox wget -q -O - http://127.0.0.1:9000/; hostname"), "web")).ShouldBe((0, "the store\nalice"));
        (await instances.ExecAsync(alice, Instances.Shell("ls /proc | grep -c '^[0-9]'"), "web")).Output.ShouldNotBe("0");
        (await instances.ObserveAsync(alice)).Resources.Count(resource => resource.Resource.Kind == "service").ShouldBe(2);
    }

    [NeedsCrunFact]
    public async Task OneOfThemEndingIsStartedAgainInTheSameNetwork()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = Two(instances);
        await instances.ApplyAsync(alice);
        var own = instances.Harness.Paths.Of(alice.Ref).Service("store");
        var first = Targets.Local.Running.ServiceState.Read(own)!.Process!;
        using (var process = Targets.Linux.ProcessHandle.Open(first))
            process!.Signal(9);

        await instances.UntilAsync(alice, seen => seen.State == ObservedState.Running && Targets.Local.Running.ServiceState.Read(own)!.Process != first);
        await instances.UntilAsync(alice, seen => seen.Health == InstanceHealth.Healthy);
        (await instances.ExecAsync(alice, Instances.Shell("for i in $(busybox seq 100); do busybox wget -q -O - http://127.0.0.1:9000/ && break; sleep 0.2; done"), "web")).ShouldBe((0, "the store"));
    }

    [NeedsCrunFact]
    public async Task AServiceThatTheReleaseDroppedGoes()
    {
        await using var instances = new Instances(new LocalHarness());
        var two = Two(instances);
        await instances.ApplyAsync(two);
        var one = SampleApp.Digested(two with { Services = [two.Services[0]] });
        await instances.ApplyAsync(one);

        var seen = await instances.ObserveAsync(one);
        seen.State.ShouldBe(ObservedState.Running);
        seen.Resources.Where(resource => resource.Resource.Kind == "service").ShouldHaveSingleItem();
        (await instances.Harness.Local.PlanAsync(one, seen, instances.Stop)).Steps.ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task ACommandAsHealthCheckDecides()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = Instances.Change(instances.Workload("alice", "sleep 0.3; touch /tmp/ready; exec sleep 3600"), service => service with
        {
            Health = new HealthWorkload(null, null, Instances.Shell("test -e /tmp/ready"), Second, Second * 5, 3, Second * 30),
        });
        await instances.ApplyAsync(alice);
        (await instances.ObserveAsync(alice)).Health.ShouldBe(InstanceHealth.Healthy);

        await instances.RunAsync(alice, "rm /tmp/ready");
        var seen = await instances.UntilAsync(alice, seen => seen.Health == InstanceHealth.Unhealthy);
        seen.State.ShouldBe(ObservedState.Running);
        seen.Trouble.ShouldNotBeNull().ShouldContain("exit code 1");
    }

    [NeedsCrunFact]
    public async Task AServiceThatNeverAnswersFailsWithWhatItSaid()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = Instances.Change(instances.Workload("alice", "echo not listening; exec sleep 3600"), service => service with
        {
            Health = new HealthWorkload("/", 8080, null, Second, Second, 1, TimeSpan.Zero),
        });
        var failure = await Should.ThrowAsync<TargetException>(() => instances.ApplyAsync(alice));

        failure.Retryable.ShouldBeTrue();
        failure.Sentence.ShouldContain("GET /");
        failure.Sentence.ShouldContain("not listening");
    }

    [NeedsCrunFact]
    public async Task AnExecRunsAsTheServiceDoes()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = Instances.Change(instances.Workload("alice"), service => service with { Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["GREETING"] = "hello" } });
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "id -u; echo $GREETING; grep Seccomp: /proc/self/status | tr -d '\\t'; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true")).ShouldBe((0, "1000\nhello\nSeccomp:2\n67108864"));
        var (code, said) = await instances.ExecAsync(alice, ["no-such-program"]);
        code.ShouldBe(127);
        said.ShouldContain("There is no program no-such-program in the service");
        (await instances.ExecAsync(alice, ["/nonexist"])).Code.ShouldBe(127);
        (await Should.ThrowAsync<TargetException>(() => instances.ExecAsync(alice, ["true"], "nothing"))).Message.ShouldContain("nothing");
    }

    [NeedsCrunFact]
    public async Task WhatAnExecLeftInTheBackgroundEndsWithIt()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = instances.Workload("alice");
        await instances.ApplyAsync(alice);
        await instances.RunAsync(alice, "sleep 1234 >/dev/null 2>&1 & echo started");

        (await instances.RunAsync(alice, "ps | grep 'sleep 123[4]' || echo none")).Output.ShouldBe("none");
    }

    [NeedsCrunFact]
    public async Task AServiceStopsAtOnceAfterACommandThatCouldNotBeRunInIt()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = instances.Workload("alice");
        await instances.ApplyAsync(alice);
        for (var i = 0; i < 3; i++)
            (await instances.ExecAsync(alice, ["/no/such/program"])).Code.ShouldBe(127);

        // It took 20 seconds: the command's dead process, nobody's child, kept the service's first one from ending.
        var start = TimeProvider.System.GetTimestamp();
        await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
        TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(Second * 15);
    }

    [Theory]
    [InlineData("State:\tZ (zombie)\nNSpid:\t912\t7\n", true)]
    [InlineData("State:\tZ (zombie)\nNSpid:\t912\t1\n", false)]
    [InlineData("State:\tZ (zombie)\nNSpid:\t912\n", false)]
    [InlineData("State:\tS (sleeping)\nNSpid:\t912\t7\n", false)]
    [InlineData("", false)]
    public void OnlyDeadProcessesThatWereNotFirstInsideAContainerAreReaped(string status, bool isReaped) =>
        Tenantry.Targets.Linux.OrphanReaper.IsDeadInside(status).ShouldBe(isReaped);

    [NeedsCrunFact]
    public async Task LogsAreStampedRotatedAndMerged()
    {
        await using var instances = new Instances(new LocalHarness(null, null, null, ("log-size", "4096"), ("log-files", "3")));
        var alice = instances.Workload("alice", "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done; echo last; exec sleep 3600");
        await instances.ApplyAsync(alice);
        var lines = new List<LogLine>();
        await foreach (var line in instances.Harness.Local.ReadLogsAsync(alice.Ref, new LogRequest(Follow: true), instances.Stop))
        {
            lines.Add(line);
            if (line.Text == "last")
                break;
        }

        lines.Select(line => line.At).ShouldBeInOrder();
        var folder = instances.Harness.Paths.Of(alice.Ref).Logs;
        Directory.GetFiles(folder, "main.log*").Length.ShouldBeLessThanOrEqualTo(3);
        var tail = new List<string>();
        await foreach (var line in instances.Harness.Local.ReadLogsAsync(alice.Ref, new LogRequest(Tail: 2), instances.Stop))
            tail.Add(line.Text);
        tail.ShouldBe(["line 299", "last"]);
        var none = new List<LogLine>();
        await foreach (var line in instances.Harness.Local.ReadLogsAsync(alice.Ref, new LogRequest(Since: lines[^1].At.AddHours(1)), instances.Stop))
            none.Add(line);
        none.ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task SeveralVolumesWithAndWithoutSizesHoldTheirLimits()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = Instances.Change(instances.Workload("alice"), service => service with
        {
            Volumes = [new VolumeWorkload("small", "/small", 8 << 20), new VolumeWorkload("a", "/a", null), new VolumeWorkload("b", "/b/c", null)],
            Files = [new FileWorkload("/a/settings", "rendered", 0x120)],
        });
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "dd if=/dev/zero of=/small/x bs=1M count=16")).Code.ShouldNotBe(0);
        (await instances.RunAsync(alice, "dd if=/dev/zero of=/a/x bs=1M count=10 && dd if=/dev/zero of=/b/c/x bs=1M count=10")).Code.ShouldBe(0);
        (await instances.RunAsync(alice, "dd if=/dev/zero of=/b/c/y bs=1M count=20")).Code.ShouldNotBe(0, "they share the tier's disk");
        (await instances.RunAsync(alice, "cat /a/settings; echo x > /a/settings || echo refused; ls -A /a | grep lost || true")).Output.ShouldStartWith("rendered");
        (await instances.Harness.Local.ReadStatsAsync(alice.Ref, instances.Stop)).DiskBytes.ShouldNotBeNull().ShouldBeGreaterThan(20 << 20);
    }

    private static InstanceWorkload Two(Instances instances)
    {
        var alice = instances.Workload("alice");
        var health = new HealthWorkload(null, 9000, null, Second, Second * 5, 3, Second * 30);
        var store = alice.Services[0] with { Name = "store", Command = Instances.Shell("echo the store > /tmp/index.html; exec busybox httpd -f -p 127.0.0.1:9000 -h /tmp"), Health = health };
        var web = alice.Services[0] with { Name = "web", DependsOn = ["store"] };
        return SampleApp.Digested(alice with { Services = [store, web] });
    }
}
