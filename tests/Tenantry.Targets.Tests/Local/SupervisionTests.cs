using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Local;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;

namespace Tenantry.Targets.Tests.Local;

public sealed class SupervisionTests : IAsyncLifetime
{
    private Instances _instances = null!;

    private LocalTarget Target => _instances.Harness.Local;

    public Task InitializeAsync()
    {
        if (Environment.IsPrivilegedProcess)
            _instances = new Instances(new LocalHarness());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_instances is not null)
            await _instances.DisposeAsync();
    }

    [NeedsCrunFact]
    public async Task AServiceThatWasKilledIsStartedAgainAndSomebodyIsTold()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        await using var notices = Target.WatchAsync(_instances.Stop).GetAsyncEnumerator();
        var told = notices.MoveNextAsync();
        await _instances.Harness.KillAsync(alice.Ref);

        await _instances.UntilAsync(alice, seen => seen.State == ObservedState.Running && StateOf(alice).Restarts == 1);
        (await told).ShouldBeTrue();
        notices.Current.ShouldBe(alice.Ref.Id);
        (await Target.ReadStatsAsync(alice.Ref, _instances.Stop)).Restarts.ShouldBe(1);
    }

    [NeedsCrunFact]
    public async Task ACrashLoopIsGivenUpAndExplainedAndAnotherReleaseMendsIt()
    {
        var alice = _instances.Workload("alice", "echo the reason; exit 3");
        var failure = await Should.ThrowAsync<TargetException>(() => _instances.ApplyAsync(alice));
        failure.Retryable.ShouldBeFalse();
        failure.Sentence.ShouldContain("service alice-main");
        failure.Sentence.ShouldContain("exit code 3");
        failure.Sentence.ShouldContain("the reason");
        var seen = await _instances.ObserveAsync(alice);
        seen.State.ShouldBe(ObservedState.Partial);
        seen.TroubleIsTerminal.ShouldBeTrue();
        seen.Trouble.ShouldNotBeNull().ShouldContain("the reason");
        seen.Drift.ShouldContain(item => item.Resource == "service alice-main" && item.Seen == "ended with exit code 3");

        var mended = Instances.Change(alice, service => service with { Command = Instances.Shell("exec sleep 3600") });
        await _instances.ApplyAsync(mended);
        seen = await _instances.ObserveAsync(mended);
        seen.State.ShouldBe(ObservedState.Running);
        seen.Trouble.ShouldBeNull();
    }

    [NeedsCrunFact]
    public async Task RunningOutOfMemoryIsNamed()
    {
        var alice = _instances.Workload("alice", "exec dd if=/dev/zero of=/dev/null bs=256M count=1");
        try
        {
            await _instances.ApplyAsync(alice);
        }
        catch (TargetException)
        {
            // Without a health check it may have counted as running before it was killed, or not.
        }

        var seen = await _instances.UntilAsync(alice, seen => seen.TroubleIsTerminal);
        seen.Trouble.ShouldNotBeNull().ShouldContain("signal KILL, out of memory");
    }

    [NeedsCrunFact]
    public async Task AProgramThatIsNotThereIsNamedAndNotTriedAgain()
    {
        var alice = Instances.Change(_instances.Workload("alice"), service => service with { Command = ["/usr/bin/no-such-program", "x"] });
        var failure = await Should.ThrowAsync<TargetException>(() => _instances.ApplyAsync(alice));
        failure.Retryable.ShouldBeFalse();
        failure.Sentence.ShouldContain("/usr/bin/no-such-program");
    }

    [NeedsCrunFact]
    public async Task AServiceRunsOnWithoutItsControlPlaneAndNothingThatItPrintedIsLost()
    {
        var alice = Instances.Change(
            _instances.Workload("alice", "echo before; while [ ! -e /data/go ]; do sleep 0.02; done; echo meanwhile; echo oops >&2; exec sleep 3600"),
            service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] });
        await _instances.ApplyAsync(alice);
        var paths = _instances.Harness.Paths.Of(alice.Ref);
        var process = StateOf(alice).Process;
        await Target.DisposeAsync();

        await File.WriteAllTextAsync(Path.Combine(VolumeStore.FolderOf(paths, InstanceFile.Read(paths)!.Volumes[0]), "go"), "");
        while (!(await File.ReadAllTextAsync(paths.Service("main").Error)).Contains("oops", StringComparison.Ordinal))
            await Task.Delay(10, _instances.Stop);

        var next = _instances.Harness.Open();
        (await next.ObserveAsync(alice.Ref, _instances.Stop)).State.ShouldBe(ObservedState.Running);
        StateOf(alice).Process.ShouldBe(process);
        (await LinesAsync(next, alice, new LogRequest())).ShouldBe(["o before", "o meanwhile", "e oops"], ignoreOrder: true);
        await _instances.AllAsync(next.DeleteAsync(alice.Ref, _instances.Stop));
    }

    [NeedsCrunFact]
    public async Task AnEndWhileNobodyWatchedIsNoticedAndMended()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        await Target.DisposeAsync();
        await _instances.Harness.KillAsync(alice.Ref);

        var next = _instances.Harness.Open();
        await _instances.UntilAsync(alice, seen => seen.State == ObservedState.Running, next);
        StateOf(alice).Restarts.ShouldBe(1);
        await _instances.AllAsync(next.DeleteAsync(alice.Ref, _instances.Stop));
    }

    [NeedsCrunFact]
    public async Task AProcessThatGotTheNumberLaterIsNotMistakenForTheService()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        await Target.DisposeAsync();
        await _instances.Harness.KillAsync(alice.Ref);
        var own = _instances.Harness.Paths.Of(alice.Ref).Service("main");
        var state = ServiceState.Read(own)!;

        // This very test has the number now.
        var before = state.Process! with { Pid = Environment.ProcessId };
        (state with { Process = before, GaveUp = true }).Write(own);
        var next = _instances.Harness.Open();
        var seen = await next.ObserveAsync(alice.Ref, _instances.Stop);

        seen.State.ShouldBe(ObservedState.Partial);
        seen.Drift.ShouldContain(item => item.Resource == "service alice-main");
        await _instances.AllAsync(next.DeleteAsync(alice.Ref, _instances.Stop));
    }

    [NeedsCrunFact]
    public async Task ProcessesOfAnEarlierBootAreNotMistakenForRunning()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        await Target.DisposeAsync();
        await _instances.Harness.KillAsync(alice.Ref);
        var own = _instances.Harness.Paths.Of(alice.Ref).Service("main");
        var state = ServiceState.Read(own)!;
        (state with { Process = state.Process! with { BootId = "00000000-0000-0000-0000-000000000000" } }).Write(own);

        var next = _instances.Harness.Open();
        (await next.ObserveAsync(alice.Ref, _instances.Stop)).State.ShouldBe(ObservedState.Stopped);
        await _instances.ApplyAsync(alice, next);
        (await next.ObserveAsync(alice.Ref, _instances.Stop)).State.ShouldBe(ObservedState.Running);
        await _instances.AllAsync(next.DeleteAsync(alice.Ref, _instances.Stop));
    }

    [NeedsCrunFact]
    public async Task LimitsLoweredByHandAreSeenAndRepaired()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        var cgroup = new Targets.Linux.Cgroups.CgroupTree(Targets.Linux.Cgroups.CgroupLayout.Detect(), $"{_instances.Harness.Cgroup}/{alice.Ref.Id}");
        await File.WriteAllTextAsync(Path.Combine(cgroup.FolderOf("pids")!, "pids.max"), "10");

        var seen = await _instances.ObserveAsync(alice);
        seen.State.ShouldBe(ObservedState.Running);
        seen.Drift.ShouldBe([new DriftItem("limits alice pids.max", "64", "10")]);
        var plan = await Target.PlanAsync(alice, seen, _instances.Stop);
        plan.Steps.ShouldHaveSingleItem().Action.ShouldBe(StepAction.Update);
        await _instances.ApplyAsync(alice);
        (await _instances.ObserveAsync(alice)).Drift.ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task AConfigurationChangedByHandIsSeenAndRepaired()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        await File.AppendAllTextAsync(_instances.Harness.Paths.Of(alice.Ref).Service("main").Config, " ");

        (await _instances.ObserveAsync(alice)).Drift.ShouldHaveSingleItem().Resource.ShouldBe("configuration alice main");
        await _instances.ApplyAsync(alice);
        (await _instances.ObserveAsync(alice)).Drift.ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task AServiceIsAskedToStopAndHasTimeForIt()
    {
        var alice = Instances.Change(
            _instances.Workload("alice", "trap 'sleep 0.3; echo stopped > /data/said; exit 0' TERM; echo ready > /data/ready; while true; do sleep 0.02; done"),
            service => service with { Volumes = [new VolumeWorkload("data", "/data", null)], StopGrace = TimeSpan.FromSeconds(30) });
        await _instances.ApplyAsync(alice);
        while ((await _instances.RunAsync(alice, "cat /data/ready")).Code != 0)
            await Task.Delay(10, _instances.Stop);
        await _instances.AllAsync(Target.SleepAsync(alice.Ref, _instances.Stop));
        await _instances.AllAsync(Target.WakeAsync(alice, _instances.Stop));

        (await _instances.RunAsync(alice, "cat /data/said")).ShouldBe((0, "stopped"));
    }

    [NeedsCrunFact]
    public async Task WhatSleepsKeepsNothingButItsDisk()
    {
        var alice = Instances.Change(_instances.Workload("alice"), service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] });
        await _instances.ApplyAsync(alice);
        await _instances.AllAsync(Target.SleepAsync(alice.Ref, _instances.Stop));

        var paths = _instances.Harness.Paths.Of(alice.Ref);
        Directory.Exists(paths.Memory).ShouldBeFalse();
        Targets.Local.Networks.InstanceNetwork.AnyLeft(paths).ShouldBeFalse();
        new Targets.Linux.Cgroups.CgroupTree(Targets.Linux.Cgroups.CgroupLayout.Detect(), $"{_instances.Harness.Cgroup}/{alice.Ref.Id}").Exists.ShouldBeFalse();
        Targets.Linux.Mounts.Under(paths.Folder).ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task ARestartThatWasCutOffBeforeTheOldProcessEndedIsStillToBeDone()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        var first = StateOf(alice).Process;
        var again = alice with { RestartNonce = alice.RestartNonce + 1 };
        var paths = _instances.Harness.Paths.Of(alice.Ref);

        // As far as an engine comes that is killed when it has written down what it is about to do.
        (InstanceFile.Read(paths)! with { RestartNonce = again.RestartNonce }).Write(paths, durable: false);
        (await _instances.ObserveAsync(alice)).RestartNonce.ShouldBe(alice.RestartNonce);
        await _instances.ApplyAsync(again);

        StateOf(alice).Process.ShouldNotBe(first);
        (await _instances.ObserveAsync(alice)).RestartNonce.ShouldBe(again.RestartNonce);
    }

    [NeedsCrunFact]
    public async Task AWakeThatWasCutOffBeforeAnythingRanHasNothingToMakeForSleepAndIsGivenBack()
    {
        var alice = Instances.Change(_instances.Workload("alice"), service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] });
        var asleep = alice with { Desired = DesiredState.Asleep };
        var paths = _instances.Harness.Paths.Of(alice.Ref);
        await _instances.ApplyAsync(alice);
        await _instances.AllAsync(Target.SleepAsync(alice.Ref, _instances.Stop));

        // As far as an engine comes that is killed at the begin of a wake.
        (InstanceFile.Read(paths)! with { Wanted = DesiredState.Running }).Write(paths, durable: false);
        Directory.CreateDirectory(paths.Memory);
        var seen = await _instances.ObserveAsync(alice);
        seen.State.ShouldBe(ObservedState.Partial);
        (await Target.PlanAsync(asleep, seen, _instances.Stop)).IsEmpty.ShouldBeTrue();
        await _instances.AllAsync(Target.SleepAsync(alice.Ref, _instances.Stop));

        (await _instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Stopped);
    }

    private ServiceState StateOf(InstanceWorkload workload) => ServiceState.Read(_instances.Harness.Paths.Of(workload.Ref).Service("main"))!;

    private async Task<List<string>> LinesAsync(LocalTarget target, InstanceWorkload workload, LogRequest request)
    {
        var lines = new List<string>();
        await foreach (var line in target.ReadLogsAsync(workload.Ref, request, _instances.Stop))
            lines.Add($"{(line.IsError ? 'e' : 'o')} {line.Text}");
        return lines;
    }
}
