using System.Diagnostics;
using Tenantry.Model.Wire;

namespace Tenantry.Bench;

/// <summary>
/// Target `docker` against `docker-compose up -d` of the rendered file and against `docker run`, on one engine and in one run. No two ways run beside each other, and no app is
/// asked for its health so often that asking is what is measured: by command that costs the engine a process each time.
/// </summary>
internal sealed class DockerBench(string program, string results, bool quick)
{
    private const int Parallel = 8;
    private const string Often = "bench-often";
    private const string Seldom = "bench-seldom";

    private readonly int rounds = quick ? 2 : 5;
    private readonly int many = quick ? 10 : 100;
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly Report report = new("Target `docker`");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var peer = await DockerPeer.StartAsync(cancellationToken) ?? throw new InvalidOperationException("There is no dockerd.");
        await using var plane = await ControlPlane.StartAsync(program, cancellationToken);
        var options = new Dictionary<string, string>(StringComparer.Ordinal) { ["engine"] = peer.Socket };
        await plane.Client.Targets.Create("docker", new PutTargetRequest("docker", options, Parallel: Parallel)).SendAsync(cancellationToken);
        await plane.Client.Apps.Apply(new ApplyAppRequest(Manifest(Often, "command: [/bin/busybox, wget, -q, -O, /dev/null, \"http://127.0.0.1:8080/\"], interval: 1s"))).SendAsync(cancellationToken);
        await plane.Client.Apps.Apply(new ApplyAppRequest(Manifest(Seldom, "http: /, interval: 30s"))).SendAsync(cancellationToken);
        report.Say();
        report.Say($"Busybox `httpd`, {Environment.ProcessorCount} cores, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]} before the run. Every figure of a table is from the same run and engine; no two ways run beside each other.");
        var compose = new ComposePeer(program, plane, peer);
        await HealthyAsync(new Fleet(plane, Often, "docker"), peer, compose, cancellationToken);
        var fleet = new Fleet(plane, Seldom, "docker");
        await AnswerAsync(fleet, peer, compose, cancellationToken);
        await new DockerLife(plane, peer, rounds, report).RunAsync(cancellationToken);
        await ClearAsync(fleet, cancellationToken);
        await ManyAsync(plane, fleet, peer, compose, cancellationToken);
        report.Say($"The whole run took {Report.Number(watch.Elapsed.TotalMinutes)} minutes.");
        await report.WriteAsync(quick ? "/dev/null" : Path.Combine(results, "docker.md"));
    }

    private static string Manifest(string app, string health) => $$"""
        app: {{app}}
        version: "1"
        services:
          web:
            image: bench:latest
            command: [/bin/busybox, httpd, -f, -p, "8080", -h, /www]
            ports: [8080]
            health: { {{health}} }
        tiers:
          small: { memory: 16MB, memoryReservation: 8MB, cpu: 0.5, pids: 32 }
        """;

    private async Task HealthyAsync(Fleet fleet, DockerPeer peer, ComposePeer compose, CancellationToken cancellationToken)
    {
        var (create, up, run) = (new Samples(), new Samples(), new Samples());
        for (var round = 0; round < rounds; round++)
        {
            var name = $"h{round}";
            create.Add(await TimeAsync(() => fleet.CreateAsync(name, cancellationToken)));
            await compose.RenderAsync([name], cancellationToken);
            await fleet.RemoveAllAsync(cancellationToken);
            up.Add(await compose.UpUntilHealthyAsync(1, cancellationToken));
            await compose.DownAsync(cancellationToken);
            run.Add(await TimeAsync(() => peer.RunUntilHealthyAsync(name, cancellationToken)));
            await peer.RemoveAsync([name], cancellationToken);
        }

        report.Say("## One instance, create → healthy, asked by command each second");
        Ways("p50 ms", Row("tenantry, target docker", create, run), Row("docker-compose up -d of the rendered file", up, run), Row("docker run with the same limits", run, run));
        report.Say("The engine asks a check by command for the first time after its interval of 1 s: that second is in all three.");
        Tell("one instance, healthy");
    }

    private async Task AnswerAsync(Fleet fleet, DockerPeer peer, ComposePeer compose, CancellationToken cancellationToken)
    {
        var (create, up, run) = (new Samples(), new Samples(), new Samples());
        for (var round = 0; round < rounds; round++)
        {
            var name = $"c{round}";
            create.Add(await TimeAsync(() => fleet.CreateThenAnswerAsync(name, cancellationToken)));
            await compose.RenderAsync([name], cancellationToken);
            await fleet.RemoveAllAsync(cancellationToken);
            up.Add(await compose.UpUntilAnswerAsync(cancellationToken));
            await compose.DownAsync(cancellationToken);
            run.Add(await peer.RunUntilAnswerInsideAsync(name, cancellationToken));
            await peer.RemoveAsync([name], cancellationToken);
        }

        report.Say("## One instance, create → first 200");
        Ways("p50 ms", Row("tenantry, target docker, through the gateway", create, run), Row("docker-compose up -d of the rendered file, asked inside its network", up, run), Row("docker run with the same limits, asked inside its network", run, run));
        report.Say("Tenantry and Compose make a network for the instance; `docker run` uses the engine's own.");
        Tell("one instance, answer");
    }

    private async Task ManyAsync(ControlPlane plane, Fleet fleet, DockerPeer peer, ComposePeer compose, CancellationToken cancellationToken)
    {
        string[] names = [.. Enumerable.Range(0, many).Select(number => $"m{number}")];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken };
        var before = LocalBench.AvailableMiB();
        var create = await TimeAsync(() => System.Threading.Tasks.Parallel.ForEachAsync(names, limits, async (name, token) => await fleet.CreateThenAnswerAsync(name, token)));
        Tell($"{many} instances, tenantry");
        await compose.RenderAsync(names, cancellationToken);
        await System.Threading.Tasks.Parallel.ForEachAsync(Enumerable.Range(0, many), limits, async (number, token) => await fleet.CreateAsync($"i{number}", token));
        Tell($"{many} more");
        await IdleAsync(plane, before, cancellationToken);
        await ClearAsync(fleet, cancellationToken);
        var up = await compose.UpUntilAnswerAsync(cancellationToken);
        Tell($"{many} instances, docker-compose");
        await compose.DownAsync(cancellationToken);
        Tell("removed");
        var run = await TimeAsync(() => System.Threading.Tasks.Parallel.ForEachAsync(names, limits, async (name, token) => await peer.RunUntilAnswerInsideAsync(name, token)));
        Tell($"{many} instances, docker run");
        await peer.RemoveAsync(names, cancellationToken);
        report.Say($"## {many} instances, create → all have answered 200");
        report.Table(
            ["way", "s", "× docker run"],
            [$"tenantry, target docker, {Parallel} at once", Report.Number(create.TotalSeconds), Report.Number(create / run)],
            ["docker-compose up -d of the rendered file", Report.Number(up.TotalSeconds), Report.Number(up / run)],
            [$"docker run, {Parallel} at once, all on the engine's own network", Report.Number(run.TotalSeconds), "1"]);
    }

    private async Task IdleAsync(ControlPlane plane, double before, CancellationToken cancellationToken)
    {
        var count = many * 2;
        await Task.Delay(TimeSpan.FromSeconds(quick ? 1 : 5), cancellationToken);
        var apps = LocalBench.AppsMiB();
        var each = (before - LocalBench.AvailableMiB() - apps) / count;
        var watched = quick ? 5 : 30;
        var cpu = Programs.CpuSeconds(plane.Processes);
        await Task.Delay(TimeSpan.FromSeconds(watched), cancellationToken);
        var used = (Programs.CpuSeconds(plane.Processes) - cpu) / watched * 100;
        report.Say($"## {count} idle instances, asked over HTTP every 30 s");
        report.Table(
            ["figure", "value"],
            ["memory each, outside of the app's own processes: the engine's shim, network and container (MemAvailable before − after − the apps' PSS)", Report.Number(each, " MiB")],
            ["CPU of the control plane", Report.Number(used, " % of a core")],
            ["control plane, all processes (PSS)", Report.Number(Programs.MemoryMiB(plane.Processes), " MiB")]);
        Tell($"{count} idle");
    }

    private async Task ClearAsync(Fleet fleet, CancellationToken cancellationToken)
    {
        await fleet.RemoveAllAsync(cancellationToken);
        Tell("removed");
    }

    private void Ways(string unit, params IReadOnlyList<string>[] rows) => report.Table([["way", unit, "p95 ms", "× docker run (p50)"], .. rows]);

    private void Tell(string phase) => Console.Error.WriteLine($"{watch.Elapsed.TotalSeconds,5:0} s  {phase}");

    private static string[] Row(string way, Samples one, Samples other) => [way, Report.Number(one.P50), Report.Number(one.P95), Report.Number(one.P50 / other.P50)];

    private static async Task<TimeSpan> TimeAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started);
    }
}
