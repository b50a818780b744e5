using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Tenantry.Targets.Linux;

namespace Tenantry.Bench;

/// <summary>What a user would do instead: `docker run` of the same server, on an engine of the benchmark's own. Null members when there is no engine.</summary>
internal sealed class DockerPeer : IAsyncDisposable
{
    private readonly Process engine;
    private readonly string folder;
    private readonly HttpClient api;
    private readonly NamespaceSockets sockets = new();

    private DockerPeer(Process engine, string folder)
    {
        this.engine = engine;
        this.folder = folder;
        api = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://engine") };
    }

    /// <summary>The engine's socket, as its clients take it.</summary>
    public string Socket => $"unix://{folder}/docker.sock";

    public static async Task<DockerPeer?> StartAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists("/usr/sbin/dockerd"))
            return null;
        var folder = Directory.CreateTempSubdirectory("tenantry-bench-docker-").FullName;
        var engine = Programs.Start(
            "/usr/sbin/dockerd",
            "--host", $"unix://{folder}/docker.sock", "--data-root", $"{folder}/data", "--exec-root", $"{folder}/exec", "--pidfile", $"{folder}/pid");
        var peer = new DockerPeer(engine, folder);
        while (!File.Exists($"{folder}/docker.sock") || !await peer.AnswersAsync(cancellationToken))
        {
            if (engine.HasExited)
                return null;
            await Task.Delay(100, cancellationToken);
        }

        await peer.BuildAsync(cancellationToken);
        return peer;
    }

    /// <summary>From `docker run` to the first 200 on its published port.</summary>
    public async Task<TimeSpan> RunUntilAnswerAsync(string name, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var port = await RunPublishedAsync(name, ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"], cancellationToken);
        await Answer.UntilOkAsync(port, "localhost", cancellationToken);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>`docker run` with the limits of an instance; gives the port of 127.0.0.1 that leads to its 8080.</summary>
    public async Task<int> RunPublishedAsync(string name, string[] command, CancellationToken cancellationToken)
    {
        var port = FreePort();
        await DockerAsync(
            ["run", "-d", "--name", name, "-p", $"127.0.0.1:{port}:8080", "--memory", "16m", "--cpus", "0.5", "--read-only", "--cap-drop", "ALL", "bench", .. command],
            cancellationToken);
        return port;
    }

    /// <summary>Tells the engine's API something.</summary>
    public async Task PostAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await api.PostAsync(path, null, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>`docker run` with the limits and the health check of an instance, until the engine calls it healthy.</summary>
    public async Task RunUntilHealthyAsync(string name, CancellationToken cancellationToken)
    {
        await RunCheckedAsync(name, "1s", cancellationToken);
        await UntilHealthyAsync($"name=^/{name}$", 1, cancellationToken);
    }

    /// <summary>From `docker run` with the limits and the health check of an instance to the first 200, asked inside the container's network.</summary>
    public async Task<TimeSpan> RunUntilAnswerInsideAsync(string name, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await RunCheckedAsync(name, "30s", cancellationToken);
        await UntilAnswerAsync([name], cancellationToken);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Ids of the containers of a filter.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(string filter, CancellationToken cancellationToken) =>
        (await DockerAsync(["ps", "-q", "--filter", filter], cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Waits until so many containers of a filter are healthy.</summary>
    public async Task UntilHealthyAsync(string filter, int count, CancellationToken cancellationToken)
    {
        while ((await DockerAsync(["ps", "-q", "--filter", "health=healthy", "--filter", filter], cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length < count)
            await Task.Delay(20, cancellationToken);
    }

    /// <summary>Asks each of these containers, inside its network, until the first 200.</summary>
    public async Task UntilAnswerAsync(IEnumerable<string> containers, CancellationToken cancellationToken)
    {
        foreach (var container in containers)
        {
            using var seen = JsonDocument.Parse(await api.GetStringAsync($"/containers/{container}/json", cancellationToken));
            var network = $"/proc/{seen.RootElement.GetProperty("State").GetProperty("Pid").GetInt32()}/ns/net";
            await Answer.UntilOkAsync(async token => new Socket(await sockets.OpenTcpAsync(network, cancellationToken: token)), 8080, "localhost", cancellationToken);
        }
    }

    public Task RemoveAsync(IEnumerable<string> names, CancellationToken cancellationToken) => DockerAsync(["rm", "-f", .. names], cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Programs.RunAsync("kill", ["-TERM", engine.Id.ToString(CultureInfo.InvariantCulture)], CancellationToken.None);
        await engine.WaitForExitAsync();
        engine.Dispose();
        api.Dispose();
        sockets.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private Task RunCheckedAsync(string name, string interval, CancellationToken cancellationToken) => DockerAsync(
        ["run", "-d", "--name", name, "--memory", "16m", "--memory-swap", "16m", "--cpus", "0.5", "--pids-limit", "32", "--read-only", "--cap-drop", "ALL", "--user", "1000:1000", "--health-cmd", "/bin/busybox wget -q -O /dev/null http://127.0.0.1:8080/", "--health-interval", interval, "bench", "/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"],
        cancellationToken);

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint($"{folder}/docker.sock"), cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task BuildAsync(CancellationToken cancellationToken)
    {
        var root = Directory.CreateDirectory(Path.Combine(folder, "root")).FullName;
        Directory.CreateDirectory(Path.Combine(root, "bin"));
        Directory.CreateDirectory(Path.Combine(root, "www"));
        File.Copy("/bin/busybox", Path.Combine(root, "bin/busybox"));
        File.CreateSymbolicLink(Path.Combine(root, "bin/sh"), "busybox");
        await File.WriteAllTextAsync(Path.Combine(root, "www/index.html"), "hello", cancellationToken);
        await Programs.RunAsync("tar", ["-C", root, "-cf", Path.Combine(folder, "root.tar"), "."], cancellationToken);
        await DockerAsync(["import", Path.Combine(folder, "root.tar"), "bench"], cancellationToken);
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await DockerAsync(["version"], cancellationToken);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The engine's own command line; gives what it prints.</summary>
    public Task<string> DockerAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        Programs.RunAsync("docker", ["--host", Socket, .. arguments], cancellationToken);
}
