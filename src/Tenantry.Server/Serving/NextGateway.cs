using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Serving;

/// <summary>At a SIGUSR2 a gateway that serves alone starts the next one, of what program lies in its place now, which takes over from it.</summary>
internal sealed class NextGateway(ServeOptions options, Task handedOver, ILogger<NextGateway> log)
{
    private readonly Lock starting = new();
    private Process? next;

    /// <summary>Starts it. While one is on its way there is no second.</summary>
    public void Start()
    {
        lock (starting)
        {
            if (handedOver.IsCompleted)
                return;
            if (next is { HasExited: false })
            {
                log.LogWarning("The next gateway (process {Process}) is on its way already. If it hangs, end it with 'kill -KILL': this one then goes on as before", next.Id);
                return;
            }

            next?.Dispose();
            try
            {
                next = Process.Start(Command()) ?? throw new IOException("It did not start.");
                _ = WatchAsync(next);
            }
            catch (Exception failure) when (failure is IOException or System.ComponentModel.Win32Exception or UnauthorizedAccessException)
            {
                next = null;
                log.LogError("The next gateway could not be started; this one serves on. {Reason}", failure.Message);
            }
        }
    }

    private async Task WatchAsync(Process process)
    {
        await Task.WhenAny(process.WaitForExitAsync(), handedOver);
        if (process.HasExited && !handedOver.IsCompleted)
            log.LogError("The next gateway ended with code {Code} before it had taken over; this one serves on, and the lines above say why", process.ExitCode);
    }

    private ProcessStartInfo Command()
    {
        var start = new ProcessStartInfo { UseShellExecute = false };
        foreach (var part in (IReadOnlyList<string>)[.. WebProgram.Command(options), .. OrdinaryUser.Arguments(options, addresses: null, options.DataFolder), "--take-over"])
        {
            if (start.FileName.Length == 0)
                start.FileName = part;
            else
                start.ArgumentList.Add(part);
        }

        foreach (var (name, value) in OrdinaryUser.Variables(options))
            start.Environment[name] = value;
        return start;
    }
}
