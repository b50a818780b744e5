using System.Globalization;
using Tenantry.Targets.Local.Running;

namespace Tenantry.Targets.Tests.Local.Attacks;

public sealed class ProcessAttacks
{
    [NeedsCrunFact]
    public Task CannotReadAnotherTenantsVariables() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep 'canary of bob'", "canary of bob"),
        all => all with { ProcessTree = false, UserRange = false, NoCapabilities = false });

    [NeedsCrunFact]
    public Task CannotSignalAnotherTenant() => Attack.IsRefusedAsync(
        async scene =>
        {
            var bob = ServiceState.Read(scene.Instances.Harness.Paths.Of(scene.Bob.Ref).Service("main"))!.Process!.Pid;
            return await scene.SucceedsAsync(string.Create(CultureInfo.InvariantCulture, $"kill -0 {bob}"));
        },
        all => all with { ProcessTree = false, UserRange = false });

    [NeedsCrunFact]
    public Task CannotSeeProcessesOfTheHost() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync(string.Create(CultureInfo.InvariantCulture, $"grep -qa dotnet /proc/{Environment.ProcessId}/cmdline")),
        all => all with { ProcessTree = false, UserRange = false, NoCapabilities = false });

    [NeedsCrunFact]
    public Task CannotMount() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("mount -t tmpfs none /mnt"),
        all => all with { SystemCallFilter = false, NoCapabilities = false },
        user: "0");

    [NeedsCrunFact]
    public Task CannotMakeAUserNamespaceToBecomeRootIn() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("unshare -U -r -m busybox mount -t tmpfs none /tmp"),
        all => all with { SystemCallFilter = false });

    [NeedsCrunFact]
    public Task CannotReadWhatTheKernelTellsOfTheMachine() => Attack.IsRefusedAsync(
        scene => scene.SucceedsAsync("[ $(cat /proc/interrupts | wc -c) -gt 0 ]"),
        all => all with { MaskedPaths = false });

    [NeedsCrunFact]
    public Task AForkBombStopsAtItsLimit() => Attack.IsRefusedAsync(
        async scene =>
        {
            var (_, output) = await scene.Instances.RunAsync(scene.Alice, "i=0; while [ $i -lt 200 ]; do sleep 300 >/dev/null 2>&1 & i=$((i+1)); done; ls /proc | grep -c '^[0-9]'");
            return int.TryParse(output.Split('\n')[^1], out var count) && count >= 200;
        },
        all => all with { PidsLimit = false });

    [NeedsCrunFact]
    public Task AMemoryHogIsEndedAlone() => Attack.IsRefusedAsync(
        async scene =>
        {
            var succeeded = await scene.SucceedsAsync("dd if=/dev/zero of=/dev/null bs=256M count=1");
            (await scene.Instances.RunAsync(scene.Bob, "echo lives")).ShouldBe((0, "lives"));
            return succeeded;
        },
        all => all with { MemoryLimit = false });
}
