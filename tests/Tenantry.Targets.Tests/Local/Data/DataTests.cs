using System.Formats.Tar;
using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Local.Roots;

namespace Tenantry.Targets.Tests.Local.Data;

public sealed class DataTests
{
    [NeedsCrunFact]
    public async Task DataMovesToAnotherTenantWithOwnersModesLinksAndTimes()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = await RunningAsync(instances, "alice");
        await instances.RunAsync(alice, "mkdir -p /data/a/b; echo one > /data/a/b/one; chmod 640 /data/a/b/one; ln -s b/one /data/a/link; ln -s /etc/shadow /data/evil; touch -d '2001-02-03 04:05:06' /data/a/b/one; mkfifo /data/pipe; mkdir /data/empty");
        var bob = await RunningAsync(instances, "bob");
        await instances.RunAsync(bob, "echo old > /data/old");
        var tar = new MemoryStream();
        await instances.Harness.Local.ExportAsync(alice.Ref, tar, instances.Stop);
        tar.Position = 0;
        await instances.AllAsync(instances.Harness.Local.SleepAsync(bob.Ref, instances.Stop));
        await instances.Harness.Local.ImportAsync(bob.Ref, tar, instances.Stop);
        await instances.AllAsync(instances.Harness.Local.WakeAsync(bob, instances.Stop));

        (await instances.RunAsync(bob, "cd /data; find . | sort; stat -c %u:%g:%a:%Y a/b/one; readlink a/link; readlink evil; cat a/link")).Output
            .ShouldBe(".\n./a\n./a/b\n./a/b/one\n./a/link\n./empty\n./evil\n1000:1000:640:981173106\nb/one\n/etc/shadow\none");
        using var read = new StreamReader(new MemoryStream(tar.ToArray()));
        (await read.ReadToEndAsync()).ShouldNotContain("root:", Case.Sensitive, "a link is exported as a link");
    }

    [NeedsCrunFact]
    public async Task DataOfWhatSleepsIsExportedAndItSleepsOn()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = await RunningAsync(instances, "alice");
        await instances.RunAsync(alice, "echo kept > /data/file");
        await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
        var tar = new MemoryStream();
        await instances.Harness.Local.ExportAsync(alice.Ref, tar, instances.Stop);

        Encoding.UTF8.GetString(tar.ToArray()).ShouldContain("kept");
        Targets.Linux.Mounts.Under(instances.Harness.Paths.Of(alice.Ref).Folder).ShouldBeEmpty();
        (await instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Stopped);
    }

    [NeedsCrunFact]
    public async Task WhoTakesItsDataSlowlyKeepsNoInstanceFromWakingOrFromSleep()
    {
        await using var instances = new Instances(new LocalHarness());
        var local = instances.Harness.Local;
        var alice = await RunningAsync(instances, "alice");
        await instances.RunAsync(alice, "dd if=/dev/zero of=/data/big bs=1M count=4; echo kept > /data/file");
        await instances.AllAsync(local.SleepAsync(alice.Ref, instances.Stop));
        using var slow = new SlowStream();
        var export = local.ExportAsync(alice.Ref, slow, instances.Stop);
        await slow.Begun.Task.WaitAsync(instances.Stop);

        await instances.AllAsync(local.WakeAsync(alice, instances.Stop)).WaitAsync(TimeSpan.FromSeconds(60));
        (await instances.RunAsync(alice, "cat /data/file")).ShouldBe((0, "kept"));
        await instances.AllAsync(local.SleepAsync(alice.Ref, instances.Stop)).WaitAsync(TimeSpan.FromSeconds(60));
        (await instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Stopped);
        using var tar = new MemoryStream();
        (await Should.ThrowAsync<TargetException>(() => local.ImportAsync(alice.Ref, tar, instances.Stop))).Message.ShouldContain("is being exported");
        export.IsCompleted.ShouldBeFalse();
        slow.GoOn.SetResult();
        await export;

        Encoding.UTF8.GetString(slow.Taken.ToArray()).ShouldContain("kept");
        slow.Taken.Length.ShouldBeGreaterThan(4 << 20);
        Targets.Linux.Mounts.Under(instances.Harness.Paths.Of(alice.Ref).Folder).ShouldBeEmpty();
    }

    [NeedsCrunFact]
    public async Task ATarThatIsRefusedChangesNothing()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = await RunningAsync(instances, "alice");
        await instances.RunAsync(alice, "echo kept > /data/file");
        await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
        var whole = new TarBuilder().File("data/new", new byte[100_000]).Bytes();
        byte[][] bad =
        [
            new TarBuilder().File("data/new", "x").Link("data/link", "/etc").File("data/link/file", "evil").Bytes(),
            new TarBuilder().File("data/new", "x").Device("data/device").Bytes(),
            new TarBuilder().File("data/new", "x").Link("data/hard", "../../instance.json", TarEntryType.HardLink).Bytes(),
            new TarBuilder().File("data/new", "x").File("data/new", "twice").Bytes(),
            new TarBuilder().File("data/big", new byte[40 << 20]).Bytes(),
            whole[..^1024],
            whole[..50_000],
            [],
        ];
        var victim = Directory.CreateTempSubdirectory("tenantry-victim-");
        File.SetUnixFileMode(victim.FullName, UnixFileMode.UserRead);
        bad = [.. bad, new TarBuilder().Link("data/x", victim.FullName).Folder("data/x").Bytes()];
        foreach (var tar in bad)
        {
            using var stream = new MemoryStream(tar);
            var failure = await Should.ThrowAsync<TargetException>(() => instances.Harness.Local.ImportAsync(alice.Ref, stream, instances.Stop));
            failure.Retryable.ShouldBeFalse();
        }

        victim.Refresh();
        victim.UnixFileMode.ShouldBe(UnixFileMode.UserRead, "a folder of the host that a link led to");
        victim.Delete();
        await instances.AllAsync(instances.Harness.Local.WakeAsync(alice, instances.Stop));
        (await instances.RunAsync(alice, "ls /data; cat /data/file")).Output.ShouldBe("file\nkept");
        Directory.Exists(instances.Harness.Paths.Of(alice.Ref).Staging.Data).ShouldBeFalse();
    }

    [NeedsCrunFact]
    public async Task PlainFoldersAreReplacedAsWell()
    {
        await using var instances = new Instances(new LocalHarness(null, null, null, ("volumes", "folder")));
        var alice = await RunningAsync(instances, "alice");
        await instances.RunAsync(alice, "echo old > /data/old");
        await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
        using var tar = new MemoryStream(new TarBuilder().Folder("data").File("./data/new", "new").Bytes());
        await instances.Harness.Local.ImportAsync(alice.Ref, tar, instances.Stop);
        await instances.AllAsync(instances.Harness.Local.WakeAsync(alice, instances.Stop));

        (await instances.RunAsync(alice, "ls /data; cat /data/new")).Output.ShouldBe("new\nnew");
    }

    [NeedsCrunFact("unshare")]
    public async Task DataIsKeptThoughAnotherMountNamespaceStillHoldsTheVolume()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = await RunningAsync(instances, "alice");
        using var holder = Targets.Processes.ChildProcess.Start(new ChildCommand("unshare", "--mount", "--propagation", "private", "sleep", "600"));
        try
        {
            var host = new FileInfo("/proc/self/ns/mnt").LinkTarget;
            while (new FileInfo($"/proc/{holder.Id}/ns/mnt").LinkTarget == host)
                await Task.Delay(5, instances.Stop);
            await instances.RunAsync(alice, "echo kept > /data/file");
            await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
            await instances.AllAsync(instances.Harness.Local.WakeAsync(alice, instances.Stop));

            (await instances.RunAsync(alice, "cat /data/file && echo more >> /data/file")).ShouldBe((0, "kept"));
        }
        finally
        {
            holder.Kill();
            await holder.WaitForExitAsync();
        }

        await instances.AllAsync(instances.Harness.Local.SleepAsync(alice.Ref, instances.Stop));
        await instances.AllAsync(instances.Harness.Local.WakeAsync(alice, instances.Stop));
        (await instances.RunAsync(alice, "cat /data/file")).ShouldBe((0, "kept\nmore"));
    }

    private static async Task<InstanceWorkload> RunningAsync(Instances instances, string slug)
    {
        var workload = Instances.Change(instances.Workload(slug), service => service with { Volumes = [new VolumeWorkload("data", "/data", null)] });
        await instances.ApplyAsync(workload);
        return workload;
    }

    // Takes nothing before it is told to.
    private sealed class SlowStream : MemoryStream
    {
        internal TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal MemoryStream Taken { get; } = new();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Begun.TrySetResult();
            await GoOn.Task.WaitAsync(cancellationToken);
            await Taken.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        protected override void Dispose(bool disposing)
        {
            Taken.Dispose();
            base.Dispose(disposing);
        }
    }
}
