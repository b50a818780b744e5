using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Serving;

/// <summary>Starts the web side as an ordinary user, starts it anew when it ends, and stops it.</summary>
internal sealed class WebProcess(ServeOptions options, WebUser user, ILogger<WebProcess> log) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LivedLong = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(12);
    private Process? process;
    private ServeAddresses? addresses;

    /// <summary>Starts it and waits until it listens.</summary>
    /// <exception cref="ServeRefusedException">It ended before it listened; its own log lines say why.</exception>
    public async Task<ServeAddresses> StartAsync(CancellationToken cancellationToken)
    {
        process = Process.Start(Command()) ?? throw new IOException("The web side did not start.");
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken);
        if (line is null)
        {
            await process.WaitForExitAsync(cancellationToken);
            throw new ServeRefusedException($"The web side ended with code {process.ExitCode} before it listened; the lines above say why.{Advice()}");
        }

        return addresses = ServeAddresses.Read(line);
    }

    /// <summary>Keeps it running until cancelled.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        while (true)
        {
            var started = Stopwatch.GetTimestamp();
            await process!.WaitForExitAsync(cancellationToken);
            log.LogError("The web side ended with code {Code}; it is started again", process.ExitCode);
            pause = Stopwatch.GetElapsedTime(started) > LivedLong ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
            await Task.Delay(pause, cancellationToken);
            process.Dispose();
            try
            {
                await StartAsync(cancellationToken);
            }
            catch (ServeRefusedException failure)
            {
                log.LogError("{Reason}", failure.Message);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is null)
            return;
        try
        {
            // Closing its input tells it to drain and end.
            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(StopTime);
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            log.LogWarning("The web side did not end in {Seconds} s and was killed", StopTime.TotalSeconds);
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private string Advice() => WebUser.FirstBarrier(options.DataFolder) is { } barrier
        ? $" If it could not reach {options.DataFolder}: user '{user.Name}' cannot pass {barrier}. Choose another --data folder, such as /var/lib/tenantry."
        : "";

    private ProcessStartInfo Command()
    {
        var start = new ProcessStartInfo { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = "/" };
        // Started again it takes the addresses that it had: instances and people know them.
        foreach (var part in OrdinaryUser.Command(options, user, addresses, "--web-child"))
        {
            if (start.FileName.Length == 0)
                start.FileName = part;
            else
                start.ArgumentList.Add(part);
        }

        start.Environment.Clear();
        foreach (var name in new[] { "PATH", "DOTNET_ROOT", "LANG", "TZ" })
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                start.Environment[name] = value;
        }

        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var (name, value) in OrdinaryUser.Variables(options))
            start.Environment[name] = value;
        return start;
    }
}
