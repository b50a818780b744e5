using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Local;

/// <summary>The disk of a tier that changes: what the app sees, not what was written down.</summary>
public sealed class VolumeSizeTests
{
    [NeedsCrunFact]
    public async Task ALargerTierGivesTheAppALargerDiskAndKeepsItsData()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = WithDisk(instances, 32);
        await instances.ApplyAsync(alice);
        (await instances.RunAsync(alice, "echo kept > /data/file; dd if=/dev/zero of=/data/big bs=1M count=60")).Code.ShouldNotBe(0, "the small disk is held");
        var before = await instances.ObserveAsync(alice);

        var bigger = Resized(alice, 128);
        await instances.ApplyAsync(bigger);
        var after = await instances.ObserveAsync(bigger);
        ProcessOf(after).ShouldBe(ProcessOf(before), "another tier restarts nothing");
        if (Capability.Has(Capability.SystemResource))
            SizeOf(after).ShouldBe($"{128 << 20} bytes");
        else
            SizeOf(after).ShouldStartWith($"{32 << 20} bytes; it gets {128 << 20} when it next wakes from sleep");
        await IsAtRestAsync(instances, bigger);

        await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
        await instances.AllAsync(instances.Harness.Local.WakeAsync(bigger, instances.Stop));
        SizeOf(await instances.ObserveAsync(bigger)).ShouldBe($"{128 << 20} bytes");
        (await instances.RunAsync(bigger, "cat /data/file && rm /data/big && dd if=/dev/zero of=/data/big bs=1M count=100 2>/dev/null && echo room")).ShouldBe((0, "kept\nroom"));
        (await instances.RunAsync(bigger, "dd if=/dev/zero of=/data/more bs=1M count=60")).Code.ShouldNotBe(0, "the larger disk is held too");
    }

    [NeedsCrunFact]
    public async Task WhatIsUsedOfADiskIsTheSameAsleepAsAwake()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = WithDisk(instances, 32);
        await instances.ApplyAsync(alice);
        (await instances.RunAsync(alice, "dd if=/dev/zero of=/data/big bs=1M count=10 && sync")).Code.ShouldBe(0);
        var awake = (await instances.Harness.Local.ReadStatsAsync(alice.Ref, instances.Stop)).DiskBytes.ShouldNotBeNull();

        await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
        (await instances.Harness.Local.ReadStatsAsync(alice.Ref, instances.Stop)).DiskBytes.ShouldBe(awake);

        await instances.AllAsync(instances.Harness.Local.WakeAsync(alice, instances.Stop));
        (await instances.RunAsync(alice, "dd if=/dev/zero of=/data/more bs=1M count=5 && sync")).Code.ShouldBe(0);
        (await instances.Harness.Local.ReadStatsAsync(alice.Ref, instances.Stop)).DiskBytes!.Value.ShouldBeGreaterThan(awake + (4 << 20));
    }

    [NeedsCrunFact]
    public async Task ASmallerTierKeepsItsFileSystemSaysSoAndAnImportMakesItSmaller()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = WithDisk(instances, 64);
        await instances.ApplyAsync(alice);
        (await instances.RunAsync(alice, "echo kept > /data/file")).Code.ShouldBe(0);

        var smaller = Resized(alice, 16);
        var plan = await instances.Harness.Local.PlanAsync(smaller, await instances.ObserveAsync(smaller), instances.Stop);
        plan.Steps.Single(step => step.Resource.Kind == "volume").Why.ShouldContain("it keeps what it has");
        await instances.ApplyAsync(smaller);
        SizeOf(await instances.ObserveAsync(smaller)).ShouldBe($"{64 << 20} bytes; {16 << 20} are wanted, and a file system is not made smaller: export its data and import it");
        await IsAtRestAsync(instances, smaller);

        await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
        using var data = new MemoryStream();
        await instances.Harness.Local.ExportAsync(alice.Ref, data, instances.Stop);
        data.Position = 0;
        await instances.Harness.Local.ImportAsync(alice.Ref, data, instances.Stop);
        await instances.AllAsync(instances.Harness.Local.WakeAsync(smaller, instances.Stop));
        SizeOf(await instances.ObserveAsync(smaller)).ShouldBe($"{16 << 20} bytes");
        (await instances.RunAsync(smaller, "cat /data/file; dd if=/dev/zero of=/data/big bs=1M count=30")).Output.ShouldStartWith("kept");
    }

    [Theory]
    [InlineData("Name:\tx\nCapEff:\t000001fffeffffff\n", false)]
    [InlineData("CapEff:\t000001ffffffffff\n", true)]
    [InlineData("CapEff:\t0000000000000000\n", false)]
    [InlineData("Name:\tx\n", false)]
    public void ACapabilityIsABitOfTheStatus(string status, bool has) => Capability.Effective(status, Capability.SystemResource).ShouldBe(has);

    private static InstanceWorkload WithDisk(Instances instances, int megabytes) => Resized(
        Instances.Change(instances.Workload("alice"), service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] }), megabytes);

    private static InstanceWorkload Resized(InstanceWorkload workload, int megabytes) =>
        SampleApp.Digested(workload with { Limits = workload.Limits with { DiskBytes = (long)megabytes << 20 } });

    private static async Task IsAtRestAsync(Instances instances, InstanceWorkload workload)
    {
        var seen = await instances.ObserveAsync(workload);
        (await instances.Harness.Local.PlanAsync(workload, seen, instances.Stop)).Steps.ShouldBeEmpty();
        seen.Drift.ShouldBeEmpty();
    }

    private static string SizeOf(InstanceObservation seen) => seen.Resources.Single(resource => resource.Resource.Kind == "volume").Detail;

    private static string ProcessOf(InstanceObservation seen) => seen.Resources.Single(resource => resource.Resource.Kind == "service").Detail;
}
