using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Tenantry.Targets.Processes;

/// <summary>
/// Runs child programs: arguments as a list, streams as they come, and an end to the whole tree of processes on cancellation.
/// A program that is not there is a <see cref="FileNotFoundException"/> with its name.
/// </summary>
public static class ChildProcess
{
    private const int MostCaptured = 8 * 1024 * 1024;

    /// <summary>Receives pieces of an output in order; the next piece waits until it has ended.</summary>
    public delegate ValueTask Sink(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken);

    /// <summary>Runs it to its end and hands its outputs on as they come. Gives its exit code.</summary>
    public static Task<int> RunAsync(ChildCommand command, Sink output, Sink error, CancellationToken cancellationToken) =>
        RunAsync(command, Start, output, error, _ => { }, cancellationToken);

    /// <summary>Runs it to its end and gives what it printed, at most the last 8 MiB of each stream.</summary>
    public static async Task<ChildResult> CaptureAsync(ChildCommand command, CancellationToken cancellationToken)
    {
        var output = new Captured();
        var error = new Captured();
        var code = await RunAsync(command, output.Add, error.Add, cancellationToken);
        return new ChildResult(code, output.Text, error.Text);
    }

    /// <summary>Runs it to its end and hands on each line as it comes. Gives its exit code.</summary>
    public static Task<int> RunLinesAsync(ChildCommand command, Func<ChildLine, CancellationToken, ValueTask> line, CancellationToken cancellationToken) =>
        RunLinesAsync(command, Start, line, _ => { }, cancellationToken);

    internal static async Task<int> RunLinesAsync(ChildCommand command, Func<ChildCommand, Process> start, Func<ChildLine, CancellationToken, ValueTask> line, Action<Process> started, CancellationToken cancellationToken)
    {
        using var one = new SemaphoreSlim(1);
        async ValueTask Hand(ChildLine value, CancellationToken token)
        {
            await one.WaitAsync(token);
            try
            {
                await line(value, token);
            }
            finally
            {
                one.Release();
            }
        }

        var output = new LineCutter((text, token) => Hand(new ChildLine(IsError: false, text), token));
        var error = new LineCutter((text, token) => Hand(new ChildLine(IsError: true, text), token));
        var code = await RunAsync(command, start, output.Add, error.Add, started, cancellationToken);
        await output.EndAsync(cancellationToken);
        await error.EndAsync(cancellationToken);
        return code;
    }

    /// <summary>As <see cref="RunAsync(ChildCommand, Sink, Sink, CancellationToken)"/>, started by <paramref name="start"/>, which <paramref name="started"/> then hears of.</summary>
    internal static async Task<int> RunAsync(ChildCommand command, Func<ChildCommand, Process> start, Sink output, Sink error, Action<Process> started, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var process = start(command);
        using var ended = new CancellationTokenSource();
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ended.Token);
        await using var kill = cancellationToken.UnsafeRegister(_ => Kill(process), null);
        try
        {
            started(process);
            var feeding = FeedAsync(process, command.Input, both.Token);
            await Task.WhenAll(
                PumpAsync(process.StandardOutput.BaseStream, output, cancellationToken),
                PumpAsync(process.StandardError.BaseStream, error, cancellationToken));
            await process.WaitForExitAsync(cancellationToken);

            // A program need not read all of its input.
            await ended.CancelAsync();
            await feeding;
            return process.ExitCode;
        }
        catch
        {
            Kill(process);
            throw;
        }
    }

    internal static Process Start(ChildCommand command)
    {
        var start = new ProcessStartInfo(command.Program, command.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = command.WorkingDirectory ?? "",
        };
        if (command.OnlyThisEnvironment)
            start.Environment.Clear();
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error) when (error.NativeErrorCode == Linux.Errno.NoEntry)
        {
            throw new FileNotFoundException($"{command.Program} is not installed.", command.Program, error);
        }
    }

    private static async Task FeedAsync(Process process, Stream? input, CancellationToken cancellationToken)
    {
        try
        {
            await using var writer = process.StandardInput.BaseStream;
            if (input is null)
                return;
            var buffer = new byte[32 * 1024];
            while (await input.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            {
                await writer.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await writer.FlushAsync(cancellationToken);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It ended, or closed its input: what is left of the input is not wanted.
        }
    }

    private static async Task PumpAsync(Stream stream, Sink sink, CancellationToken cancellationToken)
    {
        var buffer = new byte[32 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            await sink(buffer.AsMemory(0, count), cancellationToken);
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended.
        }
    }

    private sealed class Captured
    {
        private readonly MemoryStream _bytes = new();

        internal string Text => Encoding.UTF8.GetString(_bytes.GetBuffer(), 0, (int)_bytes.Length);

        internal ValueTask Add(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
        {
            if (_bytes.Length + piece.Length > MostCaptured)
            {
                var kept = _bytes.ToArray()[(int)(_bytes.Length / 2)..];
                _bytes.SetLength(0);
                _bytes.Write(kept);
            }

            _bytes.Write(piece.Span);
            return ValueTask.CompletedTask;
        }
    }
}
