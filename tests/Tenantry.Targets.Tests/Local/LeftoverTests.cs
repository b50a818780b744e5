using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Linux.Cgroups;
using Tenantry.Targets.Local;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Local.Volumes;
using Tenantry.Targets.Tests.Linux;
using Tenantry.Targets.Tests.Local.Roots;

namespace Tenantry.Targets.Tests.Local;

/// <summary>What crashes, power failures and removed releases leave behind, and who gives it back.</summary>
public sealed class LeftoverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [NeedsCrunFact]
    public async Task AnInstanceWhoseFileALossOfPowerEmptiedIsRebuiltWithItsData()
    {
        await using var instances = new Instances(new LocalHarness());
        var local = instances.Harness.Local;
        var alice = Instances.Change(instances.Workload("alice"), service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] });
        var paths = instances.Harness.Paths.Of(alice.Ref);
        await instances.ApplyAsync(alice);
        await instances.RunAsync(alice, "echo kept > /data/file");
        var before = InstanceFile.Read(paths)!;
        await instances.AllAsync(local.SleepAsync(alice.Ref, instances.Stop));

        await File.WriteAllTextAsync(paths.File, "", instances.Stop);
        (await instances.ObserveAsync(alice)).Resources[0].Detail.ShouldContain(paths.File);
        (await Should.ThrowAsync<TargetException>(() => local.ReadStatsAsync(alice.Ref, instances.Stop))).Message.ShouldContain(paths.File);
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "cat /data/file; echo more >> /data/file && cat /data/file")).ShouldBe((0, "kept\nkept\nmore"));
        InstanceFile.Read(paths)!.FirstUid.ShouldBe(before.FirstUid);
        (await instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Running);
        (await local.PlanAsync(alice, await instances.ObserveAsync(alice), instances.Stop)).Steps.ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task ARangeOfUserIdsThatACutOffCreationClaimedIsGivenBack()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = instances.Workload("alice");
        await instances.ObserveAsync(alice);
        var options = new LocalTargetOptions();
        new UidRanges(instances.Harness.Paths.Uids, options.FirstUid, options.LastUid).Claim(alice.Ref.Id);
        await instances.AllAsync(instances.Harness.Local.DeleteAsync(alice.Ref, instances.Stop));

        Directory.GetFiles(instances.Harness.Paths.Uids).ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task WhatAKilledBuildLeftIsEndedAndRemoved()
    {
        await using var instances = new Instances(new LocalHarness());
        var (paths, options) = (instances.Harness.Paths, new LocalTargetOptions());

        // As far as an engine comes that is killed over a build.
        Directory.CreateDirectory(Path.Combine(paths.Builds, ".making-k1", "app"));
        Directory.CreateDirectory(Path.Combine(paths.Builds, ".making-k2"));
        new UidRanges(paths.Uids, options.FirstUid, options.LastUid).Claim("build-k1");
        var cgroup = new CgroupTree(CgroupLayout.Detect(), $"{instances.Harness.Cgroup}/build-k1");
        cgroup.Apply(new CgroupLimits(1 << 26, 1, 1, 64), ["build"]);
        using var left = System.Diagnostics.Process.Start("sleep", "3600");
        foreach (var file in cgroup.Admit("build", left.Id))
            await File.WriteAllTextAsync(file.Replace("/tasks", "/cgroup.procs", StringComparison.Ordinal), $"{left.Id}", instances.Stop);
        using var another = Targets.Linux.FileLock.TryTake(Path.Combine(paths.Builds, "k2.lock"));
        await instances.ObserveAsync(instances.Workload("alice"));

        while (Directory.Exists(Path.Combine(paths.Builds, ".making-k1")))
            await Task.Delay(10, instances.Stop);
        await left.WaitForExitAsync(instances.Stop);
        cgroup.Exists.ShouldBeFalse();
        Directory.GetFiles(paths.Uids).ShouldBeEmpty();
        Directory.Exists(Path.Combine(paths.Builds, ".making-k2")).ShouldBeTrue("somebody makes it now");
    }

    [NeedsCrunFact]
    public async Task ABuildAndAnImageGoWithTheLastReleaseThatNeedsThem()
    {
        await using var instances = new Instances(new LocalHarness());
        var local = instances.Harness.Local;
        var busybox = await File.ReadAllBytesAsync(Targets.Processes.Programs.Find("busybox")!);
        var layer = new TarBuilder().Folder("bin").File("bin/busybox", busybox, 0x1ed).Bytes();
        await File.WriteAllBytesAsync(_folder.File("image.tar"), TarBuilder.Of(TarBuilder.Layout("""{"config":{}}""", layer)));
        var build = new BuildWorkload("k1", ["image.tar"], ["/bin/sh", "-c", "true"], null, new Dictionary<string, string>(StringComparer.Ordinal), ".");
        InstanceWorkload Of(string slug, string release) => Instances.Change(
            instances.Workload(slug) with { Release = new ReleaseSource(release, _folder.Path, build) }, service => service with { Root = new RootSource(RootKind.Image, "image.tar"), Command = ["/bin/busybox", "sleep", "3600"] });
        var (alice, bob) = (Of("alice", "first"), Of("bob", "second"));
        await instances.ApplyAsync(alice);
        await instances.ApplyAsync(bob);
        (await local.ListKeptReleasesAsync(instances.Stop)).ShouldBe(["first", "second"]);
        await instances.AllAsync(local.DeleteAsync(alice.Ref, instances.Stop));

        await local.ForgetReleaseAsync("first", instances.Stop);
        (await local.ListKeptReleasesAsync(instances.Stop)).ShouldBe(["second"]);
        (await instances.RunAsync(bob, "test -e /app/image.tar && echo there")).ShouldBe((0, "there"));
        (await Should.ThrowAsync<TargetException>(() => local.ForgetReleaseAsync("second", instances.Stop))).Retryable.ShouldBeTrue();
        await instances.AllAsync(local.DeleteAsync(bob.Ref, instances.Stop));
        await local.ForgetReleaseAsync("second", instances.Stop);
        await local.ForgetReleaseAsync("second", instances.Stop);

        (await local.ListKeptReleasesAsync(instances.Stop)).ShouldBeEmpty();
        foreach (var folder in new[] { instances.Harness.Paths.Builds, instances.Harness.Paths.Images })
            Directory.GetDirectories(folder).ShouldBeEmpty();
        Directory.GetFiles(instances.Harness.Paths.Roots, "image", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task ARootFileSystemThatNoInstanceUsesIsRemovedAfterADay()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = instances.Workload("alice");
        await instances.ApplyAsync(alice);
        var paths = instances.Harness.Paths;
        var (used, left) = (Directory.GetDirectories(paths.Roots).ShouldHaveSingleItem(), Path.Combine(paths.Roots, "left"));
        Directory.CreateDirectory(Path.Combine(left, "skeleton"));
        await using var host = new LocalHost(Context(), new LocalTargetOptions(), LocalProtections.All, null);
        host.Kept.SweepRoots();
        Directory.Exists(left).ShouldBeTrue("somebody may be about to use it");
        Directory.SetLastWriteTimeUtc(left, DateTime.UnixEpoch);
        Directory.SetLastWriteTimeUtc(used, DateTime.UnixEpoch);
        host.Kept.SweepRoots();

        Directory.GetDirectories(paths.Roots).ShouldBe([used]);
        (await instances.RunAsync(alice, "echo lives")).ShouldBe((0, "lives"));

        TargetContext Context() => new("local", "o", paths.Data, paths.Run, new Dictionary<string, string>(StringComparer.Ordinal), TimeProvider.System, NullLogger.Instance);
    }

    [Fact]
    public async Task AHeldLockOrABrokenInstanceStopsNoChoreOfTheOthers()
    {
        var paths = new LocalPaths(_folder.File("data"), _folder.File("run"));
        await using var host = new LocalHost(new TargetContext("local", "o", paths.Data, paths.Run, new Dictionary<string, string>(StringComparer.Ordinal), TimeProvider.System, NullLogger.Instance), new LocalTargetOptions(), LocalProtections.All, null);
        await host.Chores.TurnAsync();
        foreach (var id in new[] { "busy", "broken" })
            Directory.CreateDirectory(paths.Of(id).Folder);
        await File.WriteAllTextAsync(paths.Of("broken").File, "{");
        using var held = await host.Locks.HoldAsync("busy", CancellationToken.None);

        await host.Chores.TurnAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await host.Chores.RefreshAsync("busy", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [NeedsCrunFact]
    public async Task WhatWasInTheWayAtTheStartIsForgottenWhenItIsGone()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = instances.Workload("alice");
        await File.WriteAllTextAsync(instances.Harness.Paths.Data, "in the way", instances.Stop);
        var failure = await Should.ThrowAsync<TargetException>(() => instances.ObserveAsync(alice));
        failure.Retryable.ShouldBeTrue();
        File.Delete(instances.Harness.Paths.Data);

        (await instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Absent);
    }
}
