using System.Diagnostics;
using System.Globalization;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Linux;

public class ExitWatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task AWaitThatIsGivenUpWhenTheProcessEndsDoesNotBringTheWholeProgramDown()
    {
        using var watch = new ExitWatch();
        // Processes of a shell's: nobody here is asked to wait for them.
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "for i in $(seq 500); do sleep 0.00$((i % 5)) & echo $!; done; wait"]) { RedirectStandardOutput = true })!;
        var number = 0;
        while (await shell.StandardOutput.ReadLineAsync() is { } line)
        {
            using var giveUp = new CancellationTokenSource();
            using var handle = ProcessHandle.Open(int.Parse(line, CultureInfo.InvariantCulture));
            if (handle is null)
                continue;
            var waiting = watch.WaitAsync(handle, giveUp.Token);
            SpinWait.SpinUntil(() => waiting.IsCompleted, TimeSpan.FromMicroseconds(500 * (number++ % 12)));
            await giveUp.CancelAsync();
            await waiting.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        await shell.WaitForExitAsync();

        using var last = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "sleep 0.3 & echo $!; wait"]) { RedirectStandardOutput = true })!;
        using var held = ProcessHandle.Open(int.Parse((await last.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture)).ShouldNotBeNull();
        await watch.WaitAsync(held, CancellationToken.None).WaitAsync(Patience);
    }
}
