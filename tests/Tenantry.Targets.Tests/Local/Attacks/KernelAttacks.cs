using System.Globalization;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local.Attacks;

public sealed class KernelAttacks : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private ProbeProgram? _probe;

    public async Task InitializeAsync()
    {
        if (Targets.Processes.Programs.Find("gcc") is not null)
            _probe = await ProbeProgram.CompileAsync();
    }

    public Task DisposeAsync()
    {
        _probe?.Dispose();
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [NeedsCrunFact("gcc")]
    public Task CannotReachAnAbstractSocketOfANeighbour()
    {
        var network = _folder.File("network");
        Targets.Linux.PinnedNamespaces.Create(network);
        return Attack.IsRefusedAsync(
            async scene =>
            {
                var name = $"tenantry-{Guid.NewGuid():N}";
                var bob = scene.Instances.ExecAsync(scene.Bob, ["/app/probe", "listen-abstract", name]);
                while (!(await scene.Instances.RunAsync(scene.Bob, "grep @tenantry- /proc/net/unix")).Output.Contains(name, StringComparison.Ordinal))
                    await Task.Delay(10, scene.Instances.Stop);
                var succeeded = await scene.SucceedsAsync($"/app/probe connect-abstract {name}");
                await scene.Instances.RunAsync(scene.Bob, "kill $(pidof /app/probe)");
                await bob;
                return succeeded;
            },
            all => all with { Network = false },
            fit: _probe!.Into,
            hostNetwork: network);
    }

    [NeedsCrunFact("gcc")]
    public Task CannotReadSharedMemoryOfANeighbour()
    {
        var key = Random.Shared.Next(1, int.MaxValue).ToString(CultureInfo.InvariantCulture);
        return Attack.IsRefusedAsync(
            async scene =>
            {
                (await scene.Instances.RunAsync(scene.Bob, $"/app/probe memory put {key}")).Code.ShouldBe(0);
                var succeeded = await scene.SucceedsAsync($"/app/probe memory get {key}");
                (await scene.Instances.RunAsync(scene.Bob, $"/app/probe memory remove {key}")).Code.ShouldBe(0);
                return succeeded;
            },
            all => all with { Ipc = false },
            fit: _probe!.Into);
    }

    [NeedsCrunFact]
    public Task CannotReadTheSharedMemoryFolderOfANeighbour()
    {
        var name = $"tenantry-{Guid.NewGuid():N}";
        return Attack.IsRefusedAsync(
            async scene =>
            {
                (await scene.Instances.RunAsync(scene.Bob, $"echo shared > /dev/shm/{name} && chmod 666 /dev/shm/{name}")).Code.ShouldBe(0);
                var succeeded = await scene.SucceedsAsync($"cat /dev/shm/{name}", "shared");
                await scene.Instances.RunAsync(scene.Bob, $"rm /dev/shm/{name}");
                return succeeded;
            },
            all => all with { SharedMemoryFolder = false });
    }

    [NeedsCrunFact("gcc")]
    public Task CannotReadKeysOfANeighbour()
    {
        var name = $"tenantry-{Guid.NewGuid():N}";
        return Attack.IsRefusedAsync(
            async scene =>
            {
                await scene.Instances.RunAsync(scene.Bob, $"/app/probe key put {name}");
                var succeeded = await scene.SucceedsAsync($"/app/probe key get {name}");
                await scene.Instances.RunAsync(scene.Bob, $"/app/probe key remove {name}");
                return succeeded;
            },
            all => all with { SystemCallFilter = false, UserRange = false },
            fit: _probe!.Into);
    }

    [NeedsCrunFact("gcc")]
    public Task CannotTraceAProcess() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("/app/probe trace"),
        all => all with { SystemCallFilter = false },
        fit: _probe!.Into);

    [NeedsCrunFact("gcc")]
    public Task CannotListenToTheWire() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("/app/probe packet"),
        all => all with { SystemCallFilter = false, NoCapabilities = false, UserRange = false },
        user: "0",
        fit: _probe!.Into);

    [NeedsCrunFact("gcc")]
    public Task CannotForgePackets() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("/app/probe raw"),
        all => all with { NoCapabilities = false, UserRange = false },
        user: "0",
        fit: _probe!.Into);

    [NeedsCrunFact("gcc")]
    public Task CannotMakeTheEngineWaitForAFile() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("/app/probe lease /data/leased"),
        all => all with { SystemCallFilter = false },
        fit: _probe!.Into);

    [NeedsCrunFact("gcc")]
    public async Task EveryFilteredCallIsRefusedByItsNumber()
    {
        // x86-64: pivot_root, umount2, keyctl, add_key, unshare, setns, bpf, userfaultfd, perf_event_open, io_uring_setup, process_vm_readv, open_by_handle_at, clone3.
        // (kexec_load and init_module are refused by the kernel itself without capabilities that a test should not have: the golden profile holds them.)
        int[] numbers = [155, 166, 250, 248, 272, 308, 321, 323, 298, 425, 310, 304, 435];
        var script = string.Join("; ", numbers.Select(number => $"/app/probe call {number} 2>/dev/null && echo {number}")) + "; true";

        // Without the filter, with every capability: each gets through to the kernel, which finds that its arguments make no sense.
        await using (var open = new Instances(new LocalHarness(LocalProtections.All with { SystemCallFilter = false, NoCapabilities = false, UserRange = false })))
        {
            var bob = Contract.SampleApp.Digested(_probe!.Into(open.Workload("bob", user: "0")));
            await open.ApplyAsync(bob);
            (await open.RunAsync(bob, script)).Output.Split('\n').ShouldBe(numbers.Select(number => $"{number}"));
        }

        await using var instances = new Instances(new LocalHarness());
        var alice = Contract.SampleApp.Digested(_probe!.Into(instances.Workload("alice")));
        await instances.ApplyAsync(alice);
        (await instances.RunAsync(alice, script)).ShouldBe((0, ""));
        (await instances.RunAsync(alice, "/app/probe call 39 && echo a call that nobody filters gets through")).Code.ShouldBe(0);
        (await instances.RunAsync(alice, "grep -E '^(Seccomp|NoNewPrivs|CapBnd|CapEff):' /proc/self/status | tr -s '\\t\\n' '  '")).Output.ShouldBe("CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2");
    }
}
