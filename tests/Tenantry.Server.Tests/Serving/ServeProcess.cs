using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Tenantry.Server.Tests.Serving;

/// <summary>A <c>tenantry serve</c> of its own on a throw-away data folder.</summary>
internal sealed partial class ServeProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly Lazy<Task<string>> Program = new(BuildAsync);
    private readonly StringBuilder log = new();
    private readonly Process process;
    private readonly Task logging;
    private bool isDisposed;

    private ServeProcess(string folder, Process process)
    {
        Folder = folder;
        this.process = process;
        logging = ReadLogAsync();
    }

    public string Folder { get; }

    public JsonElement Addresses { get; private set; }

    public int Id => process.Id;

    public string Log
    {
        get
        {
            lock (log)
                return log.ToString();
        }
    }

    public Uri Api => new(Addresses.GetProperty("api").GetString()!);

    public Uri Gateway => new(Addresses.GetProperty("gateway").GetString()!);

    public string Socket => Addresses.GetProperty("apiSocket").GetString()!;

    /// <summary>Web processes that it started.</summary>
    public IReadOnlyList<int> Children => [.. ThreadsOf(Id, "children").SelectMany(said => said[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Distinct(StringComparer.Ordinal).Select(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))];

    /// <summary>What those files of <c>/proc</c> say of each thread of a process, but for threads that end while they are looked at.</summary>
    public static IEnumerable<string[]> ThreadsOf(int process, params string[] files)
    {
        foreach (var thread in Directory.GetDirectories($"/proc/{process}/task"))
        {
            string[] said;
            try
            {
                said = [.. files.Select(file => File.ReadAllText(Path.Combine(thread, file)))];
            }
            catch (IOException)
            {
                continue;
            }

            yield return said;
        }
    }

    /// <summary>It is over, however that came.</summary>
    public bool HasEnded => process.HasExited;

    /// <summary>Starts it and waits until it says its addresses (or has ended).</summary>
    public static Task<ServeProcess> StartAsync(string folder, params string[] options) => StartAsync(folder, [], options);

    /// <summary>The same with variables in its environment.</summary>
    public static async Task<ServeProcess> StartAsync(string folder, IReadOnlyList<(string Name, string? Value)> variables, params string[] options)
    {
        var serve = Start(await Program.Value, folder, variables, options);
        try
        {
            if (await serve.process.StandardOutput.ReadLineAsync().SoonAsync("the addresses of serve") is { } line)
                serve.Addresses = JsonDocument.Parse(line).RootElement;
            return serve;
        }
        catch (TimeoutException late)
        {
            await serve.KillAsync();
            throw new TimeoutException($"{late.Message}. It wrote: {serve.Log}", late);
        }
    }

    /// <summary>The engine alone, which has no addresses to say: waits until its socket is there.</summary>
    public static async Task<ServeProcess> StartEngineAsync(string folder)
    {
        var serve = Start(await Program.Value, folder, [], "--role", "engine");
        await Waiting.ForAsync(() => File.Exists(Path.Combine(folder, "engine.sock")));
        return serve;
    }

    // What people run: the script builds it when sources changed. It starts with a third of the processor time of what lies beside these tests. Who waits for it holds no thread.
    private static async Task<string> BuildAsync()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Tenantry.slnx")))
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("These tests are run from inside the repository.");
        using var build = Process.Start(new ProcessStartInfo(Path.Combine(root, "tenantry"), "--version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = build.StandardError.ReadToEndAsync();
        await build.StandardOutput.ReadToEndAsync();
        await build.WaitForExitAsync();
        return build.ExitCode == 0 ? Path.Combine(root, "artifacts", "cli", "current", "tenantry") : throw new InvalidOperationException(await said);
    }

    private static ServeProcess Start(string program, string folder, IReadOnlyList<(string Name, string? Value)> variables, params string[] options)
    {
        var start = StartInfo(program, "serve", "--data", folder);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        foreach (var part in options)
            start.ArgumentList.Add(part);
        return new ServeProcess(folder, Process.Start(start)!);
    }

    /// <summary>By way of another program, which is given its command line; waits until it says its addresses, or the engine's socket is there.</summary>
    public static async Task<ServeProcess> StartByAsync(string[] way, TestFolder folder, params string[] options)
    {
        var home = Path.Combine(folder.Root, "program");
        // An ordinary user may not reach the checkout.
        if (!Directory.Exists(home))
        {
            using var copy = Process.Start("cp", ["-r", Path.GetDirectoryName(File.ResolveLinkTarget(Path.GetDirectoryName(await Program.Value)!, returnFinalTarget: true)!.FullName + "/")!, home]);
            await copy.WaitForExitAsync();
        }

        var start = StartInfo(way[0], [.. way[1..], Path.Combine(home, "tenantry"), "serve", "--data", folder.Data, .. options]);
        start.WorkingDirectory = "/";
        var serve = new ServeProcess(folder.Data, Process.Start(start)!);
        var line = serve.process.StandardOutput.ReadLineAsync();
        await Waiting.ForAsync(() => line.IsCompleted || (options.Contains("engine") && File.Exists(Path.Combine(folder.Data, "engine.sock"))));
        if (line.IsCompleted && await line is { } addresses)
            serve.Addresses = JsonDocument.Parse(addresses).RootElement;
        return serve;
    }

    private static ProcessStartInfo StartInfo(string program, params IEnumerable<string> arguments) => new(program, arguments)
    {
        UseShellExecute = false,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        RedirectStandardInput = true,
    };

    /// <summary>On free ports.</summary>
    public static Task<ServeProcess> StartFreeAsync(string folder, params string[] options) =>
        StartAsync(folder, ["--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0", .. options]);

    /// <summary>A client of its socket.</summary>
    public HttpClient Client() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://tenantry/"),
        Timeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>Waits until everything answers.</summary>
    public async Task ReadyAsync()
    {
        using var client = Client();
        await Waiting.ForAsync(async () =>
        {
            try
            {
                using var answer = await client.GetAsync("/readyz");
                return answer.IsSuccessStatusCode;
            }
            catch (Exception notYet) when (notYet is HttpRequestException or OperationCanceledException)
            {
                return false;
            }
        });
    }

    /// <summary>Waits for the end and gives the exit code.</summary>
    public async Task<int> EndAsync()
    {
        try
        {
            await process.WaitForExitAsync().SoonAsync("the end of serve");
            await logging.SoonAsync("the end of its log, which those that it started hold open too");
            return process.ExitCode;
        }
        catch (TimeoutException late)
        {
            // Nothing of it is to be left beside the tests that follow.
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{late.Message}. It wrote: {Log}", late);
        }
    }

    public void Signal(int signal) => Kill(Id, signal);

    public Task<int> TerminateAsync()
    {
        Kill(Id, Terminate);
        return EndAsync();
    }

    public Task<int> KillAsync()
    {
        process.Kill();
        return EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
            return;
        isDisposed = true;
        if (!process.HasExited)
            await TerminateAsync();
        process.Dispose();
    }

    private async Task ReadLogAsync()
    {
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            lock (log)
                log.AppendLine(line);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int id, int signal);
}

/// <summary>A folder for one test.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder(bool isClosedToOthers = false)
    {
        Root = Directory.CreateTempSubdirectory("tenantry-serve-").FullName;
        if (!isClosedToOthers)
            File.SetUnixFileMode(Root, File.GetUnixFileMode(Root) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    public string Root { get; }

    public string Data => Path.Combine(Root, "data");

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>Needs root: what is tested is how it is given up.</summary>
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = Environment.IsPrivilegedProcess ? null : "skipped: needs root";
}
