using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local.Roots;

public sealed class RootTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [NeedsCrunFact]
    public async Task AnImageRunsAsItSaysWithPlacesThatItDoesNotHave()
    {
        await using var instances = new Instances(new LocalHarness());
        var busybox = await File.ReadAllBytesAsync(Targets.Processes.Programs.Find("busybox")!);
        var layer = new TarBuilder().Folder("usr").Folder("usr/bin").File("usr/bin/busybox", busybox, 0x1ed).Link("bin", "usr/bin").Folder("var").Link("var/run", "/run").File("etc/motd", "from the image").Bytes();
        var path = _folder.File("image.tar");
        await File.WriteAllBytesAsync(path, TarBuilder.Of(TarBuilder.Layout("""{"config":{"Env":["COLOUR=blue"],"Cmd":["/bin/busybox","sleep","3600"],"WorkingDir":"/etc"}}""", layer)));
        var alice = Instances.Change(WithFolder(instances.Workload("alice")), service => service with
        {
            Root = new RootSource(RootKind.Image, "image.tar"),
            Command = [],
            Volumes = [new VolumeWorkload("data", "/var/lib/app/data", null)],
            Files = [new FileWorkload("/etc/app/settings.conf", "rendered", 0x120)],
        });
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "pwd; echo $COLOUR; cat motd; echo; cat /etc/app/settings.conf; echo; touch /var/lib/app/data/x && ls /var/lib/app/data; ls /")).Output
            .ShouldBe("/etc\nblue\nfrom the image\nrendered\nx\nbin\ndev\netc\nproc\nrun\nsys\ntmp\nusr\nvar");
        (await instances.RunAsync(alice, "cat /run/secrets/token")).Output.ShouldBe("secret of alice");
        (await instances.RunAsync(alice, "touch /etc/x || touch /usr/bin/x")).Code.ShouldNotBe(0);
    }

    [NeedsCrunFact]
    public async Task AFolderIsARootAndStaysAsItIs()
    {
        await using var instances = new Instances(new LocalHarness());
        Directory.CreateDirectory(_folder.File("root/bin"));
        File.Copy(Targets.Processes.Programs.Find("busybox")!, _folder.File("root/bin/busybox"));
        var before = Directory.GetFileSystemEntries(_folder.File("root"), "*", SearchOption.AllDirectories);
        var alice = Instances.Change(WithFolder(instances.Workload("alice")), service => service with { Root = new RootSource(RootKind.Folder, "root"), Command = ["/bin/busybox", "sleep", "3600"] });
        await instances.ApplyAsync(alice);
        await instances.ApplyAsync(SampleApp.Digested(alice with { RestartNonce = 1 }));

        (await instances.RunAsync(alice, "busybox ls /bin; id -u")).ShouldBe((0, "busybox\n1000"));
        Directory.GetFileSystemEntries(_folder.File("root"), "*", SearchOption.AllDirectories).ShouldBe(before, ignoreOrder: true);
    }

    [NeedsCrunFact]
    public async Task APathInARootFileSystemThatLeadsOutOfTheReleaseIsRefused()
    {
        await using var instances = new Instances(new LocalHarness());
        File.WriteAllText(_folder.File("secret.tar"), "of the host");
        Directory.CreateDirectory(_folder.File("release"));
        var release = WithFolder(instances.Workload("alice")) with { Release = new ReleaseSource("r1", _folder.File("release"), null) };
        foreach (var (kind, path) in new[] { (RootKind.Folder, "/"), (RootKind.Image, _folder.File("secret.tar")), (RootKind.Image, "../secret.tar"), (RootKind.Folder, "a/../../..") })
        {
            var alice = Instances.Change(release, service => service with { Root = new RootSource(kind, path) });
            var failure = await Should.ThrowAsync<TargetException>(() => instances.ApplyAsync(alice));
            failure.Retryable.ShouldBeFalse();
            failure.Sentence.ShouldContain(path);
            Directory.Exists(instances.Harness.Paths.Images).ShouldBeFalse();

            // Also with a plan that somebody else made.
            var steps = await instances.Harness.Local.PlanAsync(release, await instances.ObserveAsync(release), instances.Stop);
            (await Should.ThrowAsync<TargetException>(() => instances.AllAsync(instances.Harness.Local.ApplyAsync(steps, alice, instances.Stop)))).Sentence.ShouldContain(path);
        }
    }

    [NeedsCrunFact]
    public async Task TheHostsOwnProgramsRunAndNothingElseOfItIsThere()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = instances.Workload("alice");
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "/bin/ls -d /root /boot /work /lost+found 2>/dev/null; /usr/bin/id -un; hostname; cat /etc/hosts | tail -1; wc -l < /etc/passwd; ls /home | wc -l")).Output.ShouldBe("app\nalice\n127.0.0.1 alice\n3\n0");
        (await instances.RunAsync(alice, "/bin/ls -A /dev")).Output.Split('\n').ShouldBe(["core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"], Case.Sensitive);
    }

    [NeedsCrunFact]
    public async Task APlaceInsideTheHostsOwnProgramsIsRefusedWithTheReason()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = Instances.Change(instances.Workload("alice"), service => service with { Volumes = [new VolumeWorkload("data", "/usr/share/no-such-app", null)] });
        var failure = await Should.ThrowAsync<TargetException>(() => instances.ApplyAsync(alice));

        failure.Retryable.ShouldBeFalse();
        failure.Sentence.ShouldContain("/usr");
    }

    private InstanceWorkload WithFolder(InstanceWorkload workload) => workload with { Release = new ReleaseSource("r1", _folder.Path, null) };
}
