using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>At a SIGUSR2 a gateway that serves alone starts the next one, of what program lies in its place then, which takes over from it.</summary>
internal sealed class NextGateway(ServeOptions options, Task handedOver, ILogger<NextGateway> log)
{
    // An orphan at once: a service manager hears of the end of its own children alone, and the main process of a service is to be one. Its addresses are said in its log.
    private const string Orphan = "\"$@\" >/dev/null & echo $!";
    private readonly IReadOnlyList<string> program = WebProgram.Own(options);
    private readonly Lock turns = new();
    private Task turn = Task.CompletedTask;
    private bool isNextWanted;
    private int last;

    /// <summary>Starts it. While one is on its way one more is remembered: the program may have been replaced since.</summary>
    public void Start()
    {
        lock (turns)
        {
            if (isNextWanted)
                return;
            isNextWanted = true;
            if (!turn.IsCompleted)
                log.LogWarning("A next gateway (process {Process}) is on its way; another one follows it. If it hangs, end it with 'kill -KILL': this one then goes on as before", last);
            turn = RunAsync(turn);
        }
    }

    private async Task RunAsync(Task before)
    {
        await before;
        lock (turns)
            isNextWanted = false;
        try
        {
            if (handedOver.IsCompleted)
            {
                // The one that serves now is asked in this one's place.
                using var next = last == 0 ? null : ProcessHandle.Open(last);
                if (next?.Signal((int)SplitServe.Renew) != true)
                    log.LogWarning("Another gateway serves in the place of this one: ask that one for the next");
                return;
            }

            last = await BeginAsync();
            log.LogInformation("The next gateway (process {Process}) is on its way", last);
            await WatchAsync(last);
        }
        catch (Exception failure) when (failure is IOException or Win32Exception or UnauthorizedAccessException or FormatException)
        {
            log.LogError("The next gateway could not be started; this one serves on. {Reason}", failure.Message);
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
        var start = new ProcessStartInfo("/bin/sh", ["-c", Orphan, "sh", .. program, .. OrdinaryUser.Arguments(options, addresses: null, options.DataFolder), "--take-over"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        // May hold a password, which must not be seen in the list of processes.
        start.Environment["TENANTRY_STORE"] = options.Store;
        return start;
    }
}
