using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Server;

namespace Tenantry.Cli.Quickstarting;

/// <summary>The <c>tenantry serve</c> of a data folder: one that runs already, or one that this process started, whose log goes into a file.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);
    private readonly Process? _process;
    private readonly Task _log;

    private ControlPlane(Process? process, Task log, string logFile, JsonElement addresses)
    {
        _process = process;
        _log = log;
        LogFile = logFile;
        Api = Address(addresses, "api");
        Gateway = Address(addresses, "gateway");
    }

    public string LogFile { get; }

    /// <summary>True when it ran already and ends without this process.</summary>
    public bool RanAlready => _process is null;

    /// <summary><c>address:port</c>, or <c>unix</c>.</summary>
    public string Api { get; }

    /// <summary><c>address:port</c>.</summary>
    public string Gateway { get; }

    /// <summary>Takes the one that runs, or starts one and waits until it is ready.</summary>
    public static async Task<ControlPlane> StartAsync(string folder, TenantryClient client, CancellationToken cancellationToken)
    {
        var logFile = Path.Combine(folder, "serve.log");
        if (await IsReadyAsync(client, cancellationToken))
            return new(null, Task.CompletedTask, logFile, JsonDocument.Parse(await File.ReadAllBytesAsync(new DataFolders(folder).Addresses, cancellationToken)).RootElement);

        // In a session of its own: Ctrl-C is for this process, which still needs the control plane to end in order.
        string[] arguments = [Environment.ProcessPath!, "serve", "--data", folder, "--api", Free(7070), "--gateway", Free(8080)];
        var start = new ProcessStartInfo("setsid", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        var log = CopyAsync(process.StandardError.BaseStream, logFile);
        try
        {
            using var late = new CancellationTokenSource(StartPatience);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            var line = await process.StandardOutput.ReadLineAsync(either.Token)
                ?? throw new CliException(ExitCode.Failed, $"tenantry serve ended at once: {await LastLinesAsync(log, logFile)}");
            var addresses = JsonDocument.Parse(line).RootElement;
            while (!await IsReadyAsync(client, either.Token))
                await Task.Delay(TimeSpan.FromMilliseconds(50), either.Token);
            return new(process, log, logFile, addresses);
        }
        catch (Exception failure)
        {
            await StopAsync(process, log);
            if (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new CliException(ExitCode.TimedOut, $"tenantry serve was not ready after {StartPatience.TotalSeconds} s.", $"Its log is {logFile}.");
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process is null ? ValueTask.CompletedTask : new(StopAsync(_process, _log));

    /// <summary>Waits until it ends by itself, or until cancelled.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) =>
        _process?.WaitForExitAsync(cancellationToken) ?? Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);

    private static string Address(JsonElement addresses, string name) =>
        addresses.TryGetProperty(name, out var value) && value.GetString() is { } text ? text.Replace("http://", "", StringComparison.Ordinal).TrimEnd('/') : "";

    private static async Task<bool> IsReadyAsync(TenantryClient client, CancellationToken cancellationToken)
    {
        try
        {
            return await client.IsReadyAsync(cancellationToken);
        }
        catch (TenantryUnavailableException)
        {
            return false;
        }
    }

    // The usual port where it is free, so that what the documents say works as it stands.
    private static string Free(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return $"127.0.0.1:{port}";
        }
        catch (SocketException)
        {
            return "127.0.0.1:0";
        }
    }

    private static async Task CopyAsync(Stream from, string file)
    {
        await using var to = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        await from.CopyToAsync(to);
    }

    private static async Task<string> LastLinesAsync(Task log, string logFile)
    {
        await log;
        var lines = await File.ReadAllLinesAsync(logFile);
        return string.Join(Environment.NewLine, lines.TakeLast(5));
    }

    private static async Task StopAsync(Process process, Task log)
    {
        using (process)
        {
            if (!process.HasExited)
                Signals.Terminate(process.Id);
            using var late = new CancellationTokenSource(StopPatience);
            try
            {
                await process.WaitForExitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }

            await log;
        }
    }
}
