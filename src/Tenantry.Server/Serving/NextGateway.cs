using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Serving;

/// <summary>At a SIGUSR2 a gateway that serves alone starts the next one, of what program lies in its place now, which takes over from it.</summary>
internal sealed class NextGateway(ServeOptions options, Task handedOver, ILogger<NextGateway> log)
{
    // An orphan at once: a service manager hears of the end of its own children alone, and the main process of a service is to be one. Its addresses are said in its log.
    private const string Orphan = "\"$@\" >/dev/null & echo $!";
    private readonly SemaphoreSlim starting = new(1);

    /// <summary>Starts it. While one is on its way there is no second.</summary>
    public async Task StartAsync()
    {
        if (!starting.Wait(0))
        {
            log.LogWarning("The next gateway is on its way already. If it hangs, end it with 'kill -KILL': this one then goes on as before");
            return;
        }

        try
        {
            if (!handedOver.IsCompleted)
                await WatchAsync(await BeginAsync());
        }
        catch (Exception failure) when (failure is IOException or Win32Exception or UnauthorizedAccessException or FormatException)
        {
            log.LogError("The next gateway could not be started; this one serves on. {Reason}", failure.Message);
        }
        finally
        {
            starting.Release();
        }
    }

    private async Task<int> BeginAsync()
    {
        using var shell = Process.Start(Command()) ?? throw new IOException("It did not start.");
        var id = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return int.Parse(id, CultureInfo.InvariantCulture);
    }

    private async Task WatchAsync(int id)
    {
        using var next = Find(id);
        await Task.WhenAny(next?.WaitForExitAsync() ?? Task.CompletedTask, handedOver);
        if (!handedOver.IsCompleted)
            log.LogError("The next gateway (process {Process}) ended before it had taken over; this one serves on, and the lines above say why", id);
    }

    private static Process? Find(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            // It has ended already.
            return null;
        }
    }

    private ProcessStartInfo Command()
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Orphan, "sh", .. WebProgram.Command(options), .. OrdinaryUser.Arguments(options, addresses: null, options.DataFolder), "--take-over"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in OrdinaryUser.Variables(options))
            start.Environment[name] = value;
        return start;
    }
}
