using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local;

public sealed class BuildTests : IDisposable
{
    private readonly TemporaryFolder _sources = new();

    public void Dispose() => _sources.Dispose();

    [NeedsCrunFact]
    public async Task TwoTenantsAtOnceBuildOnceAndShareTheResult()
    {
        await using var instances = new Instances(new LocalHarness());
        await File.WriteAllTextAsync(_sources.File("input.txt"), "from the input");
        Directory.CreateDirectory(_sources.File("sub"));
        await File.WriteAllTextAsync(_sources.File("sub/run.sh"), "#!/bin/sh\necho ran");
        File.SetUnixFileMode(_sources.File("sub/run.sh"), (UnixFileMode)0b111_000_000);
        var build = Build("k1", ["input.txt", "sub/run.sh"], "cat input.txt > output; id -u > user; cat /proc/sys/kernel/random/uuid > stamp; ls -a / > root; umask 077; mkdir closed; touch closed/file; chmod 4755 output; echo built");
        var alice = With(instances.Workload("alice"), build);
        var bob = With(instances.Workload("bob"), build);
        var events = await Task.WhenAll(instances.ApplyAsync(alice), instances.ApplyAsync(bob));

        var stamp = await instances.RunAsync(alice, "cat /app/stamp");
        stamp.Code.ShouldBe(0);
        (await instances.RunAsync(bob, "cat /app/stamp")).ShouldBe(stamp);
        (await instances.RunAsync(alice, "cat /app/output /app/user; /app/sub/run.sh; stat -c %a /app/output; cat /app/closed/file")).ShouldBe((0, "from the input1000\nran\n755"));
        (await instances.RunAsync(alice, "echo x > /app/output")).Code.ShouldNotBe(0);
        events.SelectMany(step => step).Count(step => step.State == StepState.Progress && step.Message == "built").ShouldBe(1);
        Directory.GetDirectories(instances.Harness.Paths.Builds).ShouldHaveSingleItem();

        var carol = With(instances.Workload("carol"), build);
        (await instances.ApplyAsync(carol)).ShouldNotContain(step => step.Resource.Kind == "release");
    }

    [NeedsCrunFact]
    public async Task ABuildThatFailsIsTerminalSaysWhyAndLeavesNothing()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = With(instances.Workload("alice"), Build("k2", [], "echo first; echo the reason >&2; exit 7"));
        var failure = await Should.ThrowAsync<TargetException>(() => instances.ApplyAsync(alice));

        failure.Retryable.ShouldBeFalse();
        failure.Sentence.ShouldContain("exit code 7");
        failure.Sentence.ShouldContain("the reason");
        Directory.GetDirectories(instances.Harness.Paths.Builds).ShouldBeEmpty();
        (await instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Absent);
    }

    [NeedsCrunFact]
    public async Task WhoeverWaitedForAFailingBuildIsToldTheSameWithoutAnotherRun()
    {
        await using var instances = new Instances(new LocalHarness());
        await File.WriteAllTextAsync(_sources.File("slow"), "");
        var build = Build("k3", ["slow"], "cat /proc/sys/kernel/random/uuid; sleep 1; exit 1");
        var said = await Task.WhenAll(((string[])["a", "b"]).Select(async slug =>
            (await Should.ThrowAsync<TargetException>(() => instances.ApplyAsync(With(instances.Workload(slug), build)))).Sentence));

        said[0].ShouldBe(said[1]);
    }

    [NeedsCrunFact]
    public async Task ACancelledBuildLeavesNothingAndTheNextOneIsWhole()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = With(instances.Workload("alice"), Build("k4", [], "echo begun; [ -e /tmp/x ] || sleep 1; echo done > result"));
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(instances.Stop);
        var target = instances.Harness.Local;
        var plan = await target.PlanAsync(alice, await target.ObserveAsync(alice.Ref, instances.Stop), instances.Stop);
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var step in target.ApplyAsync(plan, alice, cancel.Token))
            {
                if (step.Message == "begun")
                    await cancel.CancelAsync();
            }
        });
        Directory.GetDirectories(instances.Harness.Paths.Builds).ShouldBeEmpty();

        await instances.ApplyAsync(alice);
        (await instances.RunAsync(alice, "cat /app/result")).ShouldBe((0, "done"));
    }

    [NeedsCrunFact]
    public async Task OnlyTheOutputFolderIsKept()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = With(instances.Workload("alice"), Build("k5", [], "mkdir -p dist/x; echo page > dist/x/index.html; echo rest > other") with { Output = "dist" });
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "find /app -type f")).ShouldBe((0, "/app/x/index.html"));
        var bob = With(instances.Workload("bob"), Build("k6", [], "ln -s /etc dist") with { Output = "dist" });
        (await Should.ThrowAsync<TargetException>(() => instances.ApplyAsync(bob))).Message.ShouldContain("dist");
    }

    [NeedsCrunFact]
    public async Task WhatABuildsLinksLeadToOnTheHostStaysAsItIs()
    {
        await using var instances = new Instances(new LocalHarness());
        using var victim = new TemporaryFolder();
        await File.WriteAllTextAsync(victim.File("shadow"), "hashes");
        File.SetUnixFileMode(victim.File("shadow"), UnixFileMode.UserRead);
        var alice = With(instances.Workload("alice"), Build("k9", [], $"ln -s {victim.Path} out; ln -s . round; echo page > index.html"));
        await instances.ApplyAsync(alice);

        File.GetUnixFileMode(victim.File("shadow")).ShouldBe(UnixFileMode.UserRead);
        (await instances.RunAsync(alice, "cat /app/round/round/index.html")).ShouldBe((0, "page"));
    }

    [NeedsCrunFact]
    public async Task ABuildSeesNothingOfTheHostButItsPrograms()
    {
        await using var instances = new Instances(new LocalHarness());
        await File.WriteAllTextAsync(_sources.File("private"), "private");
        var alice = With(instances.Workload("alice"), Build("k7", [], $"cat {_sources.File("private")} > seen 2>/dev/null || echo refused > seen; cat /etc/shadow >> seen 2>/dev/null || echo refused >> seen"));
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "cat /app/seen")).ShouldBe((0, "refused\nrefused"));
    }

    [NeedsCrunFact]
    public async Task ASharedReleaseThatWasDamagedByHandIsSeenAndMendedUnderWhatRunsFromIt()
    {
        await using var instances = new Instances(new LocalHarness());
        await File.WriteAllTextAsync(_sources.File("page"), "good");
        var alice = With(instances.Workload("alice"), Build("k8", ["page"], "mkdir -p sub/deep; echo lib > sub/deep/lib; echo tool > tool; ln -s tool link"));
        await instances.ApplyAsync(alice);
        var local = instances.Harness.Local;
        var folder = Directory.GetDirectories(instances.Harness.Paths.Builds).ShouldHaveSingleItem();
        var process = await ProcessOfAsync(instances, alice);
        (await local.ProbeAsync(instances.Stop)).Findings.ShouldNotContain(finding => finding.Subject == "release");

        Directory.Delete(Path.Combine(folder, "sub"), recursive: true);
        await File.WriteAllTextAsync(Path.Combine(folder, "page"), "evil");
        File.Delete(Path.Combine(folder, "link"));
        File.CreateSymbolicLink(Path.Combine(folder, "link"), "/etc/passwd");
        await File.WriteAllTextAsync(Path.Combine(folder, "added"), "");
        var finding = (await local.ProbeAsync(instances.Stop)).Findings.Single(finding => finding.Subject == "release");
        finding.Level.ShouldBe(ProbeLevel.Note);
        finding.Message.ShouldContain("and 5 more");
        (await instances.ObserveAsync(alice)).Drift.ShouldHaveSingleItem().Resource.ShouldBe("release k8");

        var steps = await instances.ApplyAsync(alice);

        steps.Select(step => step.Resource.Kind).Distinct().ShouldBe(["release"]);
        (await instances.RunAsync(alice, "cat /app/page /app/sub/deep/lib /app/link; ls /app")).ShouldBe((0, "goodlib\ntool\nlink\npage\nsub\ntool"));
        (await ProcessOfAsync(instances, alice)).ShouldBe(process, "nothing was started anew");
        (await instances.ObserveAsync(alice)).Drift.ShouldBeEmpty();
        (await local.ProbeAsync(instances.Stop)).Findings.ShouldNotContain(finding => finding.Subject == "release");
    }

    [NeedsCrunFact]
    public async Task ASharedReleaseThatIsGoneIsSeenAndBuiltAnew()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = With(instances.Workload("alice"), Build("k9", [], "echo made > result"));
        await instances.ApplyAsync(alice);
        Directory.Delete(Directory.GetDirectories(instances.Harness.Paths.Builds).ShouldHaveSingleItem(), recursive: true);

        (await instances.Harness.Local.ProbeAsync(instances.Stop)).Findings.ShouldContain(finding => finding.Subject == "release" && finding.Message.Contains("its folder is gone", StringComparison.Ordinal));
        await instances.ApplyAsync(alice);

        var bob = With(instances.Workload("bob"), Build("k9", [], "echo made > result"));
        (await instances.ApplyAsync(bob)).ShouldNotContain(step => step.Resource.Kind == "release");
        (await instances.RunAsync(bob, "cat /app/result")).ShouldBe((0, "made"));
    }

    private static async Task<string> ProcessOfAsync(Instances instances, InstanceWorkload workload) =>
        (await instances.ObserveAsync(workload)).Resources.Single(resource => resource.Resource.Kind == "service").Detail;

    private BuildWorkload Build(string key, IReadOnlyList<string> inputs, string script) =>
        new(key, inputs, ["/bin/sh", "-c", script], null, new Dictionary<string, string>(StringComparer.Ordinal), ".");

    private InstanceWorkload With(InstanceWorkload workload, BuildWorkload build) =>
        SampleApp.Digested(workload with { Release = new ReleaseSource("r1", _sources.Path, build) });
}
