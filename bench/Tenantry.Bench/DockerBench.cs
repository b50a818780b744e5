using System.Diagnostics;
using Tenantry.Model.Wire;

namespace Tenantry.Bench;

/// <summary>Target `docker` against `docker-compose up -d` of the rendered file and against `docker run`, on one engine and in one run.</summary>
internal sealed class DockerBench(string program, string results, bool quick)
{
    private const string App = "bench-docker";
    private const int Parallel = 8;

    private const string Manifest = """
        app: bench-docker
        version: "1"
        services:
          web:
            image: bench:latest
            command: [/bin/busybox, httpd, -f, -p, "8080", -h, /www]
            ports: [8080]
            health:
              command: [/bin/busybox, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"]
              interval: 1s
        tiers:
          small: { memory: 16MB, memoryReservation: 8MB, cpu: 0.5, pids: 32 }
        """;

    private readonly int rounds = quick ? 3 : 15;
    private readonly int many = quick ? 10 : 100;
    private readonly int idle = quick ? 20 : 200;
    private readonly Report report = new("Target `docker`");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var peer = await DockerPeer.StartAsync(cancellationToken) ?? throw new InvalidOperationException("There is no dockerd.");
        await using var plane = await ControlPlane.StartAsync(program, cancellationToken);
        var options = new Dictionary<string, string>(StringComparer.Ordinal) { ["engine"] = peer.Socket };
        await plane.Client.Targets.Create("docker", new PutTargetRequest("docker", options, Parallel: Parallel)).SendAsync(cancellationToken);
        await plane.Client.Apps.Apply(new ApplyAppRequest(Manifest)).SendAsync(cancellationToken);
        var fleet = new Fleet(plane, App, "docker");
        report.Say();
        report.Say($"Busybox `httpd` with a health check of one second, {Environment.ProcessorCount} cores, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]} before the run. Every figure of a table is from the same run and engine.");
        var compose = new ComposePeer(program, plane, peer);
        await OneAsync(fleet, peer, compose, cancellationToken);
        await new DockerLife(plane, peer, rounds, report).RunAsync(cancellationToken);
        await fleet.RemoveAllAsync(cancellationToken);
        await ManyAsync(fleet, peer, compose, cancellationToken);
        await fleet.RemoveAllAsync(cancellationToken);
        await IdleAsync(plane, fleet, cancellationToken);
        await fleet.RemoveAllAsync(cancellationToken);
        if (quick)
            await report.WriteAsync("/dev/null");
        else
            await report.WriteAsync(Path.Combine(results, "docker.md"));
    }

    private async Task OneAsync(Fleet fleet, DockerPeer peer, ComposePeer compose, CancellationToken cancellationToken)
    {
        var (create, up, run) = (new Samples(), new Samples(), new Samples());
        await fleet.CreateAsync("warm", cancellationToken);
        for (var round = 0; round < rounds; round++)
        {
            var name = $"c{round}";
            create.Add(await TimeAsync(() => fleet.CreateAsync(name, cancellationToken)));
            up.Add(await compose.UpAsync([name], cancellationToken));
            await compose.DownAsync(cancellationToken);
            run.Add(await TimeAsync(() => peer.RunUntilHealthyAsync(name, cancellationToken)));
            await peer.RemoveAsync(name, cancellationToken);
        }

        report.Say("## One instance, create → healthy");
        report.Table(
            ["way", "p50 ms", "p95 ms", "× docker run (p50)"],
            Row("tenantry, target docker", create, run),
            Row("docker-compose up -d of the rendered file", up, run),
            Row("docker run with the same limits", run, run));
        report.Say("The engine asks a check by command for the first time after its interval of 1 s: that second is in all three.");
    }

    private async Task ManyAsync(Fleet fleet, DockerPeer peer, ComposePeer compose, CancellationToken cancellationToken)
    {
        string[] names = [.. Enumerable.Range(0, many).Select(number => $"m{number}")];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken };
        var create = await TimeAsync(() => System.Threading.Tasks.Parallel.ForEachAsync(names, limits, async (name, token) => await fleet.CreateAsync(name, token)));
        var up = await compose.UpAsync(names, cancellationToken);
        await compose.DownAsync(cancellationToken);
        var run = await TimeAsync(() => System.Threading.Tasks.Parallel.ForEachAsync(names, limits, async (name, token) => await peer.RunUntilHealthyAsync(name, token)));
        foreach (var name in names)
            await peer.RemoveAsync(name, cancellationToken);
        report.Say($"## {many} instances, create → all healthy");
        report.Table(
            ["way", "s", "× docker run"],
            ["tenantry, target docker", Report.Number(create.TotalSeconds), Report.Number(create / run)],
            ["docker-compose up -d of the rendered file", Report.Number(up.TotalSeconds), Report.Number(up / run)],
            [$"docker run, {Parallel} at once", Report.Number(run.TotalSeconds), "1"]);
        report.Say($"Tenantry's {many} instances run beside those of the other two, which is to its advantage alone.");
    }

    private async Task IdleAsync(ControlPlane plane, Fleet fleet, CancellationToken cancellationToken)
    {
        var before = LocalBench.AvailableMiB();
        await System.Threading.Tasks.Parallel.ForEachAsync(
            Enumerable.Range(0, idle),
            new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken },
            async (number, token) => await fleet.CreateAsync($"i{number}", token));
        await Task.Delay(TimeSpan.FromSeconds(quick ? 2 : 10), cancellationToken);
        var apps = LocalBench.AppsMiB();
        var each = (before - LocalBench.AvailableMiB() - apps) / idle;
        var watched = quick ? 5 : 30;
        var cpu = Programs.CpuSeconds(plane.Processes);
        await Task.Delay(TimeSpan.FromSeconds(watched), cancellationToken);
        var used = (Programs.CpuSeconds(plane.Processes) - cpu) / watched * 100;
        report.Say($"## {idle} idle instances");
        report.Table(
            ["figure", "value"],
            ["memory each, outside of the app's own processes: the engine's shim, network and container (MemAvailable before − after − the apps' PSS)", Report.Number(each, " MiB")],
            ["CPU of the control plane", Report.Number(used, " % of a core")],
            ["control plane, all processes (PSS)", Report.Number(Programs.MemoryMiB(plane.Processes), " MiB")]);
    }

    private static string[] Row(string way, Samples one, Samples other) => [way, Report.Number(one.P50), Report.Number(one.P95), Report.Number(one.P50 / other.P50)];

    private static async Task<TimeSpan> TimeAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started);
    }
}

/// <summary>The rendered file, started by docker-compose.</summary>
internal sealed class ComposePeer(string program, ControlPlane plane, DockerPeer peer)
{
    private readonly string folder = Directory.CreateTempSubdirectory("tenantry-bench-compose-").FullName;

    private string File => Path.Combine(folder, "compose.yaml");

    /// <summary>From `up -d` until the engine calls all of them healthy. Rendering is not counted.</summary>
    public async Task<TimeSpan> UpAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        await Programs.RunAsync(program, ["render", "compose", "--data", plane.Data, "--output", File, .. names], cancellationToken);
        var started = Stopwatch.GetTimestamp();
        await ComposeAsync(["up", "-d"], cancellationToken);
        await peer.UntilHealthyAsync("label=tenantry.slug", "label=com.docker.compose.service", names.Count, cancellationToken);
        return Stopwatch.GetElapsedTime(started);
    }

    public Task DownAsync(CancellationToken cancellationToken) => ComposeAsync(["down", "-v", "-t", "1"], cancellationToken);

    // Compose gives up on an engine that is busy with many networks after its own minute.
    private Task ComposeAsync(string[] arguments, CancellationToken cancellationToken) =>
        Programs.RunAsync("env", ["COMPOSE_HTTP_TIMEOUT=600", $"DOCKER_HOST={peer.Socket}", "docker-compose", "-p", "bench", "-f", File, .. arguments], cancellationToken);
}
