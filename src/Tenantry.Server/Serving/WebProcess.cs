using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Serving;

/// <summary>Starts the web side as an ordinary user, starts it anew when it ends, puts the next one in its place without a gap, and stops it.</summary>
internal sealed class WebProcess(ServeOptions options, WebUser user, ILogger<WebProcess> log) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LivedLong = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan UsualRenewalTime = TimeSpan.FromSeconds(60);
    private readonly List<Process> leaving = [];
    private TaskCompletionSource renewal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? process;
    private ServeAddresses? addresses;

    /// <summary>Starts it and waits until it listens.</summary>
    /// <exception cref="ServeRefusedException">It ended before it listened; its own log lines say why.</exception>
    public async Task<ServeAddresses> StartAsync(CancellationToken cancellationToken)
    {
        process = Start();
        return addresses = await ReadAsync(process, cancellationToken) ??
            throw new ServeRefusedException($"The web side ended with code {process.ExitCode} before it listened; the lines above say why.{Advice()}");
    }

    /// <summary>Asks for another web side in the place of the one that runs.</summary>
    public void Renew() => renewal.TrySetResult();

    /// <summary>Keeps it running until cancelled.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        while (true)
        {
            var started = Stopwatch.GetTimestamp();
            while (await IsAskedAsync(process!, cancellationToken))
                await ReplaceAsync(cancellationToken);
            log.LogError("The web side ended with code {Code}; it is started again", process!.ExitCode);
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
        if (process is not null)
            leaving.Add(process);
        await Task.WhenAll(leaving.Select(StopAsync));
    }

    private async Task StopAsync(Process web)
    {
        try
        {
            // Closing its input tells it to drain and end.
            web.StandardInput.Close();
            using var patience = new CancellationTokenSource(StopTime);
            await web.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            log.LogWarning("The web side did not end in {Seconds} s and was killed", StopTime.TotalSeconds);
            web.Kill();
            await web.WaitForExitAsync();
        }

        web.Dispose();
    }

    // False: it has ended.
    private async Task<bool> IsAskedAsync(Process web, CancellationToken cancellationToken)
    {
        var ended = web.WaitForExitAsync(cancellationToken);
        await Task.WhenAny(ended, renewal.Task);
        cancellationToken.ThrowIfCancellationRequested();
        if (ended.IsCompleted)
            return false;
        renewal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return true;
    }

    // The next one takes the gateway's sockets over; the one before serves until then, and drains.
    private async Task ReplaceAsync(CancellationToken cancellationToken)
    {
        foreach (var gone in leaving.Where(web => web.HasExited).ToList())
        {
            leaving.Remove(gone);
            gone.Dispose();
        }

        var next = Start("--take-over");
        leaving.Add(next);
        if (await ReadNextAsync(next, cancellationToken) is not { } theirs)
            return;

        leaving.Remove(next);
        leaving.Add(process!);
        (process, addresses) = (next, theirs);
        log.LogInformation("The next web side serves");
    }

    // Null: it will not serve, and the one before goes on.
    private async Task<ServeAddresses?> ReadNextAsync(Process next, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(RenewalTime());
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            if (await ReadAsync(next, either.Token) is { } theirs)
                return theirs;
            log.LogError("The next web side ended with code {Code} before it served; the lines above say why", next.ExitCode);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            next.Kill();
            log.LogError("The next web side did not serve within {Seconds} s and was killed; the one before goes on", RenewalTime().TotalSeconds);
        }

        return null;
    }

    private static TimeSpan RenewalTime() =>
        double.TryParse(Environment.GetEnvironmentVariable("TENANTRY_RENEWAL_SECONDS"), CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 3600
            ? TimeSpan.FromSeconds(seconds)
            : UsualRenewalTime;

    private Process Start(params IReadOnlyList<string> more) => Process.Start(Command(more)) ?? throw new IOException("The web side did not start.");

    // Null: it ended.
    private static async Task<ServeAddresses?> ReadAsync(Process web, CancellationToken cancellationToken)
    {
        if (await web.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            return ServeAddresses.Read(line);
        await web.WaitForExitAsync(cancellationToken);
        return null;
    }

    private string Advice() => WebUser.FirstBarrier(options.DataFolder) is { } barrier
        ? $" If it could not reach {options.DataFolder}: user '{user.Name}' cannot pass {barrier}. Choose another --data folder, such as /var/lib/tenantry."
        : "";

    private ProcessStartInfo Command(IReadOnlyList<string> more)
    {
        var start = new ProcessStartInfo { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = "/" };
        // Started again it takes the addresses that it had: instances and people know them.
        foreach (var part in OrdinaryUser.Command(options, user, addresses, ["--web-child", .. more]))
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
