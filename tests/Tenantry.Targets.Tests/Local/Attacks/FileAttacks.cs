using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Tests.Local.Attacks;

public sealed class FileAttacks
{
    [NeedsCrunFact]
    public Task CannotReadAnotherTenantsData() => Attack.IsRefusedAsync(
        async scene =>
        {
            await scene.Instances.RunAsync(scene.Bob, "echo data of bob > /data/private");
            var paths = scene.Instances.Harness.Paths.Of(scene.Bob.Ref);
            return await scene.SucceedsAsync($"cat /host{paths.Volumes}/*/private /host{paths.Volumes}/*/*/private 2>/dev/null | grep data || cat /data/../../../../..{paths.Volumes}/*/*/private", "data of bob");
        },
        all => all with { OwnRoot = false, UserRange = false, NoCapabilities = false },
        user: "0");

    [NeedsCrunFact]
    public Task CannotReadAnotherTenantsSecrets() => Attack.IsRefusedAsync(
        scene =>
        {
            var secrets = scene.Instances.Harness.Paths.Of(scene.Bob.Ref).Service("main").Contents;
            return scene.SucceedsAsync($"cat /host{secrets}/*/secrets/token || cat {secrets}/*/secrets/token", "secret of bob");
        },
        all => all with { OwnRoot = false, UserRange = false, NoCapabilities = false },
        user: "0");

    [NeedsCrunFact]
    public Task CannotReadTheHostsShadowFile() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("cat /host/etc/shadow || cat /proc/1/root/etc/shadow || cat /etc/shadow"),
        all => all with { OwnRoot = false, UserRange = false, NoCapabilities = false },
        user: "0");

    [NeedsCrunFact]
    public Task CannotWriteToItsRoot() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("echo x > /etc/written"),
        all => all with { ReadOnlyRoot = false, UserRange = false },
        user: "0");

    [NeedsCrunFact]
    public Task CannotChangeTheSharedPrograms() => Attack.IsRefusedAsync(
        async scene =>
        {
            // A file that the test itself put there: nothing of the machine is touched.
            var target = scene.Instances.Harness.Paths.Data;
            await File.WriteAllTextAsync(Path.Combine(target, "program"), "original");
            await scene.Instances.RunAsync(scene.Alice, $"echo changed > /host{target}/program; echo changed > {target}/program");
            return await File.ReadAllTextAsync(Path.Combine(target, "program")) == "changed\n";
        },
        all => all with { OwnRoot = false, UserRange = false, NoCapabilities = false },
        user: "0");

    [NeedsCrunFact]
    public Task CannotMakeDevices() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("mknod /tmp/null c 1 3"),
        all => all with { UserRange = false, NoCapabilities = false },
        user: "0");

    [NeedsCrunFact]
    public Task CannotFillMoreDiskThanItsTierHas() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("dd if=/dev/zero of=/data/fill bs=1M count=64"),
        all => all with { DiskLimit = false },
        fit: workload => workload with { Limits = workload.Limits with { DiskBytes = 32 << 20, MemoryBytes = 256 << 20 } });

    [NeedsCrunFact]
    public async Task ItsOwnSecretsAreReadableByItsUserAndBeyondChange()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = instances.Workload("alice");
        await instances.ApplyAsync(alice);

        (await instances.RunAsync(alice, "cat /run/secrets/token; stat -c %a:%u /run/secrets/token")).ShouldBe((0, "secret of alice400:1000"));
        (await instances.RunAsync(alice, "chmod 777 /run/secrets/token || echo x > /run/secrets/token || touch /run/secrets/new")).Code.ShouldNotBe(0);
    }

    [NeedsCrunFact]
    public async Task NothingOfTheSecretsIsOnADisk()
    {
        await using var instances = new Instances(new LocalHarness());
        var alice = Instances.Change(instances.Workload("alice"), service => service with
        {
            Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["TOKEN"] = "canary-variable" },
            Files = [new FileWorkload("/etc/app.conf", "canary-file", 0x120)],
        });
        await instances.ApplyAsync(alice);

        foreach (var file in Directory.EnumerateFiles(instances.Harness.Paths.Data, "*", SearchOption.AllDirectories).Where(file => new FileInfo(file).Length < 1_000_000 && !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            var text = await File.ReadAllTextAsync(file);
            text.ShouldNotContain("canary-variable", Case.Sensitive, file);
            text.ShouldNotContain("canary-file", Case.Sensitive, file);
            text.ShouldNotContain("secret of alice", Case.Sensitive, file);
        }

        Tenantry.Targets.Linux.FileSystems.TypeOf(instances.Harness.Paths.Of(alice.Ref).Service("main").Config).ShouldBe(Tenantry.Targets.Linux.FileSystems.Tmpfs);
    }
}
