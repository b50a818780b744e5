using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.Text.Json.Nodes;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>
/// A real engine of the tests' own: in a network namespace of its own, with a data folder and a socket of its own, so that its
/// bridges and rules stay out of the machine's network. Stopped, unmounted and removed at the end.
/// </summary>
public sealed class EngineFixture : IAsyncLifetime
{
    /// <summary>A static busybox in an otherwise empty image.</summary>
    internal const string Image = "tenantry-test:1";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly TemporaryFolder _folder = new();
    private readonly string _command;
    private Process? _engine;

    public EngineFixture()
        : this("dockerd", Dockerd, _ => { })
    {
    }

    /// <summary>Another one.</summary>
    /// <param name="program">What it needs.</param>
    /// <param name="command">The command line that starts it on a folder; its socket is <c>s</c> there.</param>
    /// <param name="prepare">Makes its network ready.</param>
    internal EngineFixture(string program, Func<TemporaryFolder, string> command, Action<EngineFixture> prepare)
    {
        _command = command(_folder);
        Skips = !Environment.IsPrivilegedProcess || Programs.Find(program) is null;
        if (Skips)
            return;
        Network = _folder.File("net");
        PinnedNamespaces.Create(Network);
        Run("ip", "link", "set", "lo", "up");
        prepare(this);
        _engine = StartEngine();
    }

    /// <summary>True where there can be no engine.</summary>
    internal bool Skips { get; }

    /// <summary>The engine's socket.</summary>
    internal string Socket => _folder.File("s");

    /// <summary>The engine's network namespace.</summary>
    internal string Network { get; } = "";

    internal IEngine Engine { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Skips)
            return;
        Engine = new EngineClient(Socket);
        using var limit = new CancellationTokenSource(Patience);
        await AnswersAsync();
        await ImportAsync(Engine, Image, limit.Token);
    }

    /// <summary>Ends the engine as a reboot would, containers and all, and starts it again.</summary>
    internal async Task RestartAsync()
    {
        await EndAsync(_engine!);
        _engine = StartEngine();
        await AnswersAsync();
    }

    /// <summary>Ends the engine as <c>kill -9</c> does, whatever it is at, with what it started to run containers by, and starts it again. Containers run on meanwhile.</summary>
    internal async Task KillAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        using var containers = ProcessHandle.Open(int.Parse(await File.ReadAllTextAsync(_folder.File("exec/containerd/containerd.pid"), limit.Token), CultureInfo.InvariantCulture));
        _engine!.Kill();
        await _engine.WaitForExitAsync(limit.Token);
        _engine.Dispose();
        containers?.Signal(SignalNames.Kill);
        while (containers is not null && Runs(containers.Pid))
            await Task.Delay(10, limit.Token);

        // Where nobody waits for orphans the number stays taken, and the next engine would wait for what has ended.
        File.Delete(_folder.File("exec/containerd/containerd.pid"));
        _engine = StartEngine();
        await AnswersAsync();
    }

    // What has ended and was not waited for has no command line any more.
    private static bool Runs(int pid)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{pid}/cmdline").Length > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async Task DisposeAsync()
    {
        if (Skips)
            return;
        await RemoveContainersAsync();
        await Engine.DisposeAsync();
        await EndAsync(_engine!);
        using (var limit = new CancellationTokenSource(Patience))
            await new EngineShims(_folder.File("exec")).EndAsync(limit.Token);
        PinnedNamespaces.Unpin(Network);
        _folder.Dispose();
    }

    /// <summary>Starts a program inside the engine's network namespace.</summary>
    internal Process Start(params string[] command)
    {
        var start = new ProcessStartInfo("nsenter") { UseShellExecute = false, RedirectStandardInput = true };
        start.ArgumentList.Add($"--net={Network}");
        foreach (var part in command)
            start.ArgumentList.Add(part);
        return Process.Start(start)!;
    }

    /// <summary>Runs a program inside the engine's network namespace to its good end.</summary>
    internal void Run(params string[] command)
    {
        using var process = Start(command);
        process.WaitForExit(TimeSpan.FromSeconds(60)).ShouldBeTrue();
        process.ExitCode.ShouldBe(0, string.Join(' ', command));
    }

    /// <summary>Ends one process, and waits until it has ended.</summary>
    internal static async Task EndAsync(Process process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using (var handle = ProcessHandle.Open(process.Id))
            handle?.Signal(SignalNames.Terminate);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        process.Dispose();
    }

    /// <summary>Makes an image with busybox in it and nothing else.</summary>
    internal static async Task ImportAsync(IEngine engine, string name, CancellationToken cancellationToken)
    {
        using var root = new MemoryStream();
        await using (var tar = new TarWriter(root, TarEntryFormat.Pax, leaveOpen: true))
        {
            await using var program = File.OpenRead(Programs.Find("busybox") ?? throw new InvalidOperationException("busybox-static is not installed."));
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "bin/busybox") { DataStream = program, Mode = (UnixFileMode)0b111_101_101 }, cancellationToken);
        }

        root.Position = 0;
        var (repository, tag) = Targets.Docker.Images.ImageStore.Split(name);
        await using var answer = await engine.StreamAsync($"/images/create?fromSrc=-&repo={repository}&tag={tag}", root, cancellationToken);
        using var reader = new StreamReader(answer);
        JsonNode.Parse((await reader.ReadToEndAsync(cancellationToken)).Split('\n')[0])!["error"].ShouldBeNull();
    }

    private Process StartEngine() => Start(
        "sh", "-c", $"exec {_command} > {_folder.File("log")} 2>&1");

    /// <summary>The command line of Docker's engine.</summary>
    internal static string Dockerd(TemporaryFolder folder) =>
        $"dockerd --host unix://{folder.File("s")} --data-root {folder.File("data")} --exec-root {folder.File("exec")} --pidfile {folder.File("pid")} --userland-proxy=false --log-level error";

    private async Task AnswersAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await AnswersAsync(limit.Token))
        {
            if (_engine!.HasExited)
                throw new InvalidOperationException($"dockerd ended with code {_engine.ExitCode}: {await File.ReadAllTextAsync(_folder.File("log"), limit.Token)}");
            await Task.Delay(50, limit.Token);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Engine.GetAsync("/info", cancellationToken);
            return true;
        }
        catch (EngineException)
        {
            return false;
        }
    }

    private async Task RemoveContainersAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        foreach (var container in (await Engine.GetAsync("/containers/json?all=1", limit.Token)).EnumerateArray())
            await Engine.DeleteAsync($"/containers/{container.GetProperty("Id").GetString()}?force=1&v=1", limit.Token);
    }
}

/// <summary>All tests with a real engine share one.</summary>
[CollectionDefinition(Name)]
public sealed class EngineTests : ICollectionFixture<EngineFixture>
{
    public const string Name = "docker engine";
}
