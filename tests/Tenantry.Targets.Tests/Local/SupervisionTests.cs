using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Local;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;

namespace Tenantry.Targets.Tests.Local;

public sealed class SupervisionTests : LocalScene
{
    [NeedsCrunFact]
    public async Task AServiceThatWasKilledIsStartedAgainAndSomebodyIsTold()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        await using var notices = Target.WatchAsync(Instances.Stop).GetAsyncEnumerator();
        var told = notices.MoveNextAsync();
        await Instances.Harness.KillAsync(alice.Ref);

        await Instances.UntilAsync(alice, seen => seen.State == ObservedState.Running && StateOf(alice).Restarts == 1);
        (await told).ShouldBeTrue();
        notices.Current.ShouldBe(alice.Ref.Id);
        (await Target.ReadStatsAsync(alice.Ref, Instances.Stop)).Restarts.ShouldBe(1);
    }

    [NeedsCrunFact]
    public async Task ACrashLoopIsGivenUpAndExplainedAndAnotherReleaseMendsIt()
    {
        var alice = Instances.Workload("alice", "echo the reason; exit 3");
        var failure = await Should.ThrowAsync<TargetException>(() => Instances.ApplyAsync(alice));
        failure.Retryable.ShouldBeFalse();
        failure.Sentence.ShouldContain("service alice-main");
        failure.Sentence.ShouldContain("exit code 3");
        failure.Sentence.ShouldContain("the reason");
        var seen = await Instances.ObserveAsync(alice);
        seen.State.ShouldBe(ObservedState.Partial);
        seen.TroubleIsTerminal.ShouldBeTrue();
        seen.Trouble.ShouldNotBeNull().ShouldContain("the reason");
        seen.Drift.ShouldContain(item => item.Resource == "service alice-main" && item.Seen == "ended with exit code 3");

        var mended = Instances.Change(alice, service => service with { Command = Instances.Shell("exec sleep 3600") });
        await Instances.ApplyAsync(mended);
        seen = await Instances.ObserveAsync(mended);
        seen.State.ShouldBe(ObservedState.Running);
        seen.Trouble.ShouldBeNull();
    }

    [NeedsCrunFact]
    public async Task RunningOutOfMemoryIsNamed()
    {
        var alice = Instances.Workload("alice", "exec dd if=/dev/zero of=/dev/null bs=256M count=1");
        try
        {
            await Instances.ApplyAsync(alice);
        }
        catch (TargetException)
        {
            // Without a health check it may have counted as running before it was killed, or not.
        }

        var seen = await Instances.UntilAsync(alice, seen => seen.TroubleIsTerminal);
        seen.Trouble.ShouldNotBeNull().ShouldContain("signal KILL, out of memory");
    }

    [NeedsCrunFact]
    public async Task AProgramThatIsNotThereIsNamedAndNotTriedAgain()
    {
        var alice = Instances.Change(Instances.Workload("alice"), service => service with { Command = ["/usr/bin/no-such-program", "x"] });
        var failure = await Should.ThrowAsync<TargetException>(() => Instances.ApplyAsync(alice));
        failure.Retryable.ShouldBeFalse();
        failure.Sentence.ShouldContain("/usr/bin/no-such-program");
    }

    [NeedsCrunFact]
    public async Task AServiceRunsOnWithoutItsControlPlaneAndNothingThatItPrintedIsLost()
    {
        var alice = Instances.Change(
            Instances.Workload("alice", "echo before; while [ ! -e /data/go ]; do sleep 0.02; done; echo meanwhile; echo oops >&2; exec sleep 3600"),
            service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] });
        await Instances.ApplyAsync(alice);
        var paths = Instances.Harness.Paths.Of(alice.Ref);
        var process = StateOf(alice).Process;
        await Target.DisposeAsync();

        await File.WriteAllTextAsync(Path.Combine(VolumeStore.FolderOf(paths, InstanceFile.Read(paths)!.Volumes[0]), "go"), "");
        while (!(await File.ReadAllTextAsync(paths.Service("main").Error)).Contains("oops", StringComparison.Ordinal))
            await Task.Delay(10, Instances.Stop);

        var next = Instances.Harness.Open();
        (await next.ObserveAsync(alice.Ref, Instances.Stop)).State.ShouldBe(ObservedState.Running);
        StateOf(alice).Process.ShouldBe(process);
        (await LinesAsync(next, alice, new LogRequest())).ShouldBe(["o before", "o meanwhile", "e oops"], ignoreOrder: true);
        await Instances.AllAsync(next.DeleteAsync(alice.Ref, Instances.Stop));
    }

    [NeedsCrunFact]
    public async Task AnEndWhileNobodyWatchedIsNoticedAndMended()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        await Target.DisposeAsync();
        await Instances.Harness.KillAsync(alice.Ref);

        var next = Instances.Harness.Open();
        await Instances.UntilAsync(alice, seen => seen.State == ObservedState.Running, next);
        StateOf(alice).Restarts.ShouldBe(1);
        await Instances.AllAsync(next.DeleteAsync(alice.Ref, Instances.Stop));
    }

    [NeedsCrunFact]
    public async Task AProcessThatGotTheNumberLaterIsNotMistakenForTheService()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        await Target.DisposeAsync();
        await Instances.Harness.KillAsync(alice.Ref);
        var own = Instances.Harness.Paths.Of(alice.Ref).Service("main");
        var state = ServiceState.Read(own)!;

        // This very test has the number now.
        var before = state.Process! with { Pid = Environment.ProcessId };
        (state with { Process = before, GaveUp = true }).Write(own);
        var next = Instances.Harness.Open();
        var seen = await next.ObserveAsync(alice.Ref, Instances.Stop);

        seen.State.ShouldBe(ObservedState.Partial);
        seen.Drift.ShouldContain(item => item.Resource == "service alice-main");
        await Instances.AllAsync(next.DeleteAsync(alice.Ref, Instances.Stop));
    }

    [NeedsCrunFact]
    public async Task ProcessesOfAnEarlierBootAreNotMistakenForRunning()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        await Target.DisposeAsync();
        await Instances.Harness.KillAsync(alice.Ref);
        var own = Instances.Harness.Paths.Of(alice.Ref).Service("main");
        var state = ServiceState.Read(own)!;
        (state with { Process = state.Process! with { BootId = "00000000-0000-0000-0000-000000000000" } }).Write(own);

        var next = Instances.Harness.Open();
        (await next.ObserveAsync(alice.Ref, Instances.Stop)).State.ShouldBe(ObservedState.Stopped);
        await Instances.ApplyAsync(alice, next);
        (await next.ObserveAsync(alice.Ref, Instances.Stop)).State.ShouldBe(ObservedState.Running);
        await Instances.AllAsync(next.DeleteAsync(alice.Ref, Instances.Stop));
    }

    [NeedsCrunFact]
    public async Task LimitsLoweredByHandAreSeenAndRepaired()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        var cgroup = new Targets.Linux.Cgroups.CgroupTree(Targets.Linux.Cgroups.CgroupLayout.Detect(), $"{Instances.Harness.Cgroup}/{alice.Ref.Id}");
        await File.WriteAllTextAsync(Path.Combine(cgroup.FolderOf("pids")!, "pids.max"), "10");

        var seen = await Instances.ObserveAsync(alice);
        seen.State.ShouldBe(ObservedState.Running);
        seen.Drift.ShouldBe([new DriftItem("limits alice pids.max", "64", "10")]);
        var plan = await Target.PlanAsync(alice, seen, Instances.Stop);
        plan.Steps.ShouldHaveSingleItem().Action.ShouldBe(StepAction.Update);
        await Instances.ApplyAsync(alice);
        (await Instances.ObserveAsync(alice)).Drift.ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task AConfigurationChangedByHandIsSeenAndRepaired()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        await File.AppendAllTextAsync(Instances.Harness.Paths.Of(alice.Ref).Service("main").Config, " ");

        (await Instances.ObserveAsync(alice)).Drift.ShouldHaveSingleItem().Resource.ShouldBe("configuration alice main");
        await Instances.ApplyAsync(alice);
        (await Instances.ObserveAsync(alice)).Drift.ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task AServiceIsAskedToStopAndHasTimeForIt()
    {
        var alice = Instances.Change(
            Instances.Workload("alice", "trap 'sleep 0.3; echo stopped > /data/said; exit 0' TERM; echo ready > /data/ready; while true; do sleep 0.02; done"),
            service => service with { Volumes = [new VolumeWorkload("data", "/data", null)], StopGrace = TimeSpan.FromSeconds(30) });
        await Instances.ApplyAsync(alice);
        while ((await Instances.RunAsync(alice, "cat /data/ready")).Code != 0)
            await Task.Delay(10, Instances.Stop);
        await Instances.AllAsync(Target.SleepAsync(alice.Ref, Instances.Stop));
        await Instances.AllAsync(Target.WakeAsync(alice, Instances.Stop));

        (await Instances.RunAsync(alice, "cat /data/said")).ShouldBe((0, "stopped"));
    }

    [NeedsCrunFact]
    public async Task WhatSleepsKeepsNothingButItsDisk()
    {
        var alice = Instances.Change(Instances.Workload("alice"), service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] });
        await Instances.ApplyAsync(alice);
        await Instances.AllAsync(Target.SleepAsync(alice.Ref, Instances.Stop));

        var paths = Instances.Harness.Paths.Of(alice.Ref);
        Directory.Exists(paths.Memory).ShouldBeFalse();
        Targets.Local.Networks.InstanceNetwork.AnyLeft(paths).ShouldBeFalse();
        new Targets.Linux.Cgroups.CgroupTree(Targets.Linux.Cgroups.CgroupLayout.Detect(), $"{Instances.Harness.Cgroup}/{alice.Ref.Id}").Exists.ShouldBeFalse();
        Targets.Linux.Mounts.Under(paths.Folder).ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task ARestartThatWasCutOffBeforeTheOldProcessEndedIsStillToBeDone()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        var first = StateOf(alice).Process;
        var again = alice with { RestartNonce = alice.RestartNonce + 1 };
        var paths = Instances.Harness.Paths.Of(alice.Ref);

        // As far as an engine comes that is killed when it has written down what it is about to do.
        (InstanceFile.Read(paths)! with { RestartNonce = again.RestartNonce }).Write(paths, durable: false);
        (await Instances.ObserveAsync(alice)).RestartNonce.ShouldBe(alice.RestartNonce);
        await Instances.ApplyAsync(again);

        StateOf(alice).Process.ShouldNotBe(first);
        (await Instances.ObserveAsync(alice)).RestartNonce.ShouldBe(again.RestartNonce);
    }

    [NeedsCrunFact]
    public async Task AWakeThatWasCutOffBeforeAnythingRanHasNothingToMakeForSleepAndIsGivenBack()
    {
        var alice = Instances.Change(Instances.Workload("alice"), service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] });
        var asleep = alice with { Desired = DesiredState.Asleep };
        var paths = Instances.Harness.Paths.Of(alice.Ref);
        await Instances.ApplyAsync(alice);
        await Instances.AllAsync(Target.SleepAsync(alice.Ref, Instances.Stop));

        // As far as an engine comes that is killed at the begin of a wake.
        (InstanceFile.Read(paths)! with { Wanted = DesiredState.Running }).Write(paths, durable: false);
        Directory.CreateDirectory(paths.Memory);
        var seen = await Instances.ObserveAsync(alice);
        seen.State.ShouldBe(ObservedState.Partial);
        (await Target.PlanAsync(asleep, seen, Instances.Stop)).IsEmpty.ShouldBeTrue();
        await Instances.AllAsync(Target.SleepAsync(alice.Ref, Instances.Stop));

        (await Instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Stopped);
    }

    private ServiceState StateOf(InstanceWorkload workload) => ServiceState.Read(Instances.Harness.Paths.Of(workload.Ref).Service("main"))!;

    private async Task<List<string>> LinesAsync(LocalTarget target, InstanceWorkload workload, LogRequest request)
    {
        var lines = new List<string>();
        await foreach (var line in target.ReadLogsAsync(workload.Ref, request, Instances.Stop))
            lines.Add($"{(line.IsError ? 'e' : 'o')} {line.Text}");
        return lines;
    }
}
