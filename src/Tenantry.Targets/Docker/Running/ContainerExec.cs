using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker.Running;

/// <summary>Runs commands inside containers that run.</summary>
/// <param name="engine">The engine.</param>
/// <param name="isHere">True when its processes are this machine's.</param>
internal sealed class ContainerExec(IEngine engine, bool isHere)
{
    internal async Task<int> RunAsync(ContainerSeen container, ExecRequest request, CancellationToken cancellationToken)
    {
        if (!container.State.IsRunning)
            throw new TargetException($"Service {container.Service} does not run, so nothing can be run inside it.", retryable: true);
        var made = await engine.PostAsync($"/containers/{container.Id}/exec", Create(request.Command), cancellationToken);
        var id = made.GetProperty("Id").GetString()!;
        await using var connection = await engine.HijackAsync($"/exec/{id}/start", new JsonObject { ["Detach"] = false, ["Tty"] = false }, cancellationToken);
        var output = new ExecOutput(request);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var feeding = FeedAsync(connection, request.Input, ended.Token);
        try
        {
            await FrameReader.ReadAsync(connection.Stream, output.AddAsync, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(id);
            throw;
        }
        finally
        {
            // A command need not read all of its input.
            await ended.CancelAsync();
            await feeding;
        }

        var end = await engine.GetAsync($"/exec/{id}/json", cancellationToken);
        if (end.GetProperty("Pid").GetInt32() == 0)
            return await RefusedAsync(container, request, output.Held ?? "the engine did not start it", cancellationToken);
        await output.PassAsync(cancellationToken);
        return end.GetProperty("ExitCode").GetInt32();
    }

    private static async Task<int> RefusedAsync(ContainerSeen container, ExecRequest request, string said, CancellationToken cancellationToken)
    {
        if (DockerErrors.ExecEnd(said, request.Command[0], container.Service) is not (var code, var sentence))
            throw new TargetException($"The command could not be run in service {container.Service}: {said.TrimEnd('.')}.", retryable: true);
        await request.Error(Encoding.UTF8.GetBytes(sentence + "\n"), cancellationToken);
        return code;
    }

    private static JsonObject Create(IReadOnlyList<string> command) => new()
    {
        ["AttachStdin"] = true,
        ["AttachStdout"] = true,
        ["AttachStderr"] = true,
        ["Tty"] = false,
        ["Privileged"] = false,
        ["Cmd"] = new JsonArray([.. command.Select(part => JsonValue.Create(part))]),
    };

    private static async Task FeedAsync(IHijacked connection, Stream input, CancellationToken cancellationToken)
    {
        try
        {
            await input.CopyToAsync(connection.Stream, cancellationToken);
            await connection.Stream.FlushAsync(cancellationToken);
            await connection.EndInputAsync();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The command has ended, or nobody wants it any more.
        }
    }

    // The engine ends no command when its connection goes, so the command and all that came from it are ended by number. On another machine that cannot be:
    // there a command ends when it reads the end of its input, or by itself.
    private async Task EndAsync(string id)
    {
        if (!isHere)
            return;
        var exec = await engine.GetAsync($"/exec/{id}/json", CancellationToken.None);
        if (exec.GetProperty("Running").GetBoolean() && exec.GetProperty("Pid").GetInt32() is > 0 and var pid)
            KillTree(pid);
    }

    private static void KillTree(int pid)
    {
        using var process = ProcessHandle.Open(pid);
        if (process is null)
            return;
        foreach (var child in ChildrenOf(pid))
            KillTree(child);
        process.Signal(SignalNames.Kill);
    }

    private static List<int> ChildrenOf(int pid)
    {
        var children = new List<int>();
        try
        {
            foreach (var thread in Directory.EnumerateDirectories($"/proc/{pid}/task"))
            {
                children.AddRange(File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)));
            }
        }
        catch (IOException)
        {
            // It has ended meanwhile.
        }

        return children;
    }
}
