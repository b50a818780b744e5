using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>
/// Runs Terraform. What only looks is a child that ends with its caller. What changes something is a process of its own session that writes its stream into a file: it goes on when
/// the control plane is killed, saves its state and gives its lock back, and the next pass finds it and waits for it. Every run has a limit of wall-clock time; whoever goes away or
/// takes too long is interrupted first (Terraform then saves what it did) and killed only when that does not help.
/// </summary>
internal sealed class TerraformClient(string folder, TimeSpan limit, TimeProvider time) : IDisposable
{
    /// <summary>Exit codes above this one are a signal's number and this.</summary>
    internal const int Signalled = 128;

    private const int Interrupt = 2;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ExitWatch _exits = new();

    /// <summary>Runs a command that changes nothing to its end.</summary>
    internal async Task<ChildResult> LookAsync(ChildCommand command, CancellationToken cancellationToken)
    {
        using var end = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end.Token);
        try
        {
            return await ChildProcess.CaptureAsync(command, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw TooLong(command);
        }
    }

    /// <summary>Runs a command that changes something in a workspace. Gives its exit code.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="workspace">Of which there is one run at a time.</param>
    /// <param name="told">Gets each line that means something, in order.</param>
    /// <param name="cancellationToken">Interrupts it; the call ends when it has ended.</param>
    internal async Task<int> ChangeAsync(ChildCommand command, string workspace, Action<TerraformMessage> told, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        cancellationToken.ThrowIfCancellationRequested();
        var output = Path.Combine(folder, workspace + ".jsonl");
        File.Delete(output);
        var pid = Start(command, output);
        using var process = ProcessHandle.Open(pid) ?? throw new InvalidOperationException($"{command.Program} ended before it could be held.");
        if (ProcessIdentity.Of(pid) is { } identity)
            AtomicFile.WriteJson(RunFile(workspace), new TerraformRun(identity, time.GetUtcNow()), durable: false);
        var exit = await FollowAsync(process, output, told, command, cancellationToken);
        // With these Terraform ended by itself and its state is saved. After every other end, as by a signal, nobody knows what is saved: the next pass takes it for a crash.
        if (exit.Code is 0 or 1)
            Forget(workspace);
        return exit.Code ?? Signalled + (exit.Signal ?? 0);
    }

    /// <summary>The run that an earlier control plane left in this workspace, or null. It may have ended.</summary>
    internal TerraformRun? FindRun(string workspace) => AtomicFile.ReadJson<TerraformRun>(RunFile(workspace));

    /// <summary>What the last run in this workspace told, as far as it came.</summary>
    internal IReadOnlyList<TerraformMessage> ReadLast(string workspace)
    {
        var output = Path.Combine(folder, workspace + ".jsonl");
        return File.Exists(output) ? [.. File.ReadLines(output).Select(TerraformMessage.Read).OfType<TerraformMessage>()] : [];
    }

    /// <summary>Waits for a run that an earlier control plane left. How it ended nobody can be asked, so that it stays known.</summary>
    internal async Task WaitAsync(TerraformRun run, string workspace, CancellationToken cancellationToken)
    {
        using var process = ProcessHandle.Open(run.Process);
        if (process is null)
            return;
        try
        {
            await _exits.WaitAsync(process, cancellationToken).WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TargetException($"The Terraform run {run.Process.Pid} of an earlier control plane is still at work on {workspace} after {limit.TotalMinutes:0} minutes.", retryable: true, fix: $"End it with 'kill -INT {run.Process.Pid}'.");
        }
    }

    /// <summary>Forgets a run that is dead.</summary>
    internal void Forget(string workspace)
    {
        if (File.Exists(RunFile(workspace)))
            File.Delete(RunFile(workspace));
    }

    public void Dispose() => _exits.Dispose();

    private async Task<ProcessExit> FollowAsync(ProcessHandle process, string output, Action<TerraformMessage> told, ChildCommand command, CancellationToken cancellationToken)
    {
        using var end = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end.Token);
        await using var reader = new FileStream(output, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var lines = new LineCutter((line, _) =>
        {
            if (TerraformMessage.Read(line) is { } message)
                told(message);
            return ValueTask.CompletedTask;
        });
        var ending = _exits.WaitAsync(process, CancellationToken.None);
        try
        {
            while (!ending.IsCompleted)
            {
                await DrainAsync(reader, lines);
                await Task.WhenAny(ending, Task.Delay(Look, time, both.Token));
                both.Token.ThrowIfCancellationRequested();
            }

            await DrainAsync(reader, lines);
            await lines.EndAsync(CancellationToken.None);
            return await ending;
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process, ending);
            await DrainAsync(reader, lines);
            if (cancellationToken.IsCancellationRequested)
                throw;
            throw TooLong(command);
        }
    }

    // The first interrupt lets what is under way come to its end, the second gives it up; both times the state is saved and the lock given back.
    private async Task EndAsync(ProcessHandle process, Task<ProcessExit> ending)
    {
        foreach (var signal in (int[])[Interrupt, Interrupt, SignalNames.Kill])
        {
            if (!process.Signal(signal))
                break;
            await Task.WhenAny(ending, Task.Delay(Patience, time));
            if (ending.IsCompleted)
                break;
        }

        await ending;
    }

    private static async Task DrainAsync(FileStream reader, LineCutter lines)
    {
        var buffer = new byte[32 * 1024];
        while (await reader.ReadAsync(buffer) is > 0 and var count)
            await lines.Add(buffer.AsMemory(0, count), CancellationToken.None);
    }

    private static int Start(ChildCommand command, string output)
    {
        var program = Programs.Find(command.Program) ?? throw new FileNotFoundException($"{command.Program} is not installed.", command.Program);
        var environment = System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(pair => (string)pair.Key, pair => (string)pair.Value!, StringComparer.Ordinal);
        foreach (var (name, value) in command.Environment)
        {
            environment.Remove(name);
            if (value is not null)
                environment[name] = value;
        }

        var owner = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using var stream = new FileStream(output, owner);
        using var nothing = File.OpenHandle("/dev/null");
        return Spawn.Start([program, .. command.Arguments], environment, nothing, stream.SafeFileHandle, stream.SafeFileHandle);
    }

    private string RunFile(string workspace) => Path.Combine(folder, workspace + ".run.json");

    private TargetException TooLong(ChildCommand command) =>
        new($"'{Path.GetFileName(command.Program)} {command.Arguments.FirstOrDefault(part => !part.StartsWith('-'))}' did not end within {limit.TotalMinutes:0} minutes and was ended.", retryable: true, fix: "Where AWS is slow, give the target a greater option time-limit.");
}

/// <summary>A run that changes something.</summary>
/// <param name="Process">Which process.</param>
/// <param name="StartedAt">When it was started.</param>
internal sealed record TerraformRun(ProcessIdentity Process, DateTimeOffset StartedAt);
