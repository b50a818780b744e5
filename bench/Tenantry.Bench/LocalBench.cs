using System.Diagnostics;
using System.Globalization;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Bench;

/// <summary>Target `local` against a bare start of the same process and against `docker run` of it, in one run.</summary>
internal sealed class LocalBench(string program, string results, bool quick)
{
    private const double AllowedOverBareMs = 50;
    private const int WarmUp = 150;
    private readonly int rounds = quick ? 8 : 60;
    private readonly int density = quick ? 40 : 500;
    private readonly Report report = new("Target `local`");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(results);
        report.Say();
        report.Say($"Busybox `httpd`, {rounds} rounds each, {Environment.ProcessorCount} cores, {Busy()} busy before the run. Every figure of a table is from the same run.");
        await using (var plane = await ControlPlane.StartAsync(program, cancellationToken))
        {
            var fleet = await PrepareAsync(plane, "local", cancellationToken);
            await CreationAsync(plane, fleet, cancellationToken);
            await WakingAsync(fleet, cancellationToken);
            await fleet.RemoveAllAsync(cancellationToken);
            await DensityAsync(plane, fleet, cancellationToken);
            await fleet.RemoveAllAsync(cancellationToken);
        }

        await new FakeFleet(quick).RunAsync(report, cancellationToken);
        if (!quick)
            await report.WriteAsync(Path.Combine(results, "local.md"));
    }

    private static async Task<Fleet> PrepareAsync(ControlPlane plane, string kind, CancellationToken cancellationToken)
    {
        await plane.Client.Targets.Create(kind, new PutTargetRequest(kind)).SendAsync(cancellationToken);
        await plane.Client.Apps.Apply(new ApplyAppRequest(Fleet.Manifest)).SendAsync(cancellationToken);
        return new Fleet(plane, "bench-static", kind);
    }

    private async Task CreationAsync(ControlPlane plane, Fleet fleet, CancellationToken cancellationToken)
    {
        var (bare, create, docker) = (new Samples(), new Samples(), new Samples());
        var site = Directory.CreateTempSubdirectory("tenantry-bench-site-").FullName;
        await File.WriteAllTextAsync(Path.Combine(site, "index.html"), "hello", cancellationToken);
        await using var peer = await DockerPeer.StartAsync(cancellationToken);
        for (var warm = 0; warm < WarmUp; warm++)
            await fleet.CreateUntilAnswerAsync($"warm{warm}", cancellationToken);
        for (var round = 0; round < rounds; round++)
        {
            bare.Add(await BareStart.UntilAnswerAsync(site, 18000 + round, cancellationToken));
            create.Add(await fleet.CreateUntilAnswerAsync($"c{round}", cancellationToken));
        }

        // By itself: what the engine clears up after a container lasts longer than its answer, and would be measured with the next ones.
        for (var round = 0; round < rounds && peer is not null; round++)
        {
            docker.Add(await peer.RunUntilAnswerAsync($"c{round}", cancellationToken));
            await peer.RemoveAsync([$"c{round}"], cancellationToken);
        }

        Directory.Delete(site, recursive: true);
        var allowed = bare.P95 + AllowedOverBareMs;
        report.Say("## Create → first 200");
        report.Table(
            ["way", "p50 ms", "p95 ms", "× bare (p50)"],
            ["bare start of the process", Report.Number(bare.P50), Report.Number(bare.P95), "1"],
            ["tenantry, target local (request to the API → answer through the gateway)", Report.Number(create.P50), Report.Number(create.P95), Report.Number(create.P50 / bare.P50)],
            ["docker run, published port", Report.Number(docker.P50), Report.Number(docker.P95), Report.Number(docker.P50 / bare.P50)]);
        report.Say($"Aim: p95 ≤ bare start + {AllowedOverBareMs} ms = {Report.Number(allowed)} ms: **{Report.Verdict(create.P95 <= allowed)}** ({Report.Number(create.P95)} ms), after {WarmUp} creations that warm the control plane up; the engine of `docker run` is measured after the two others.");
        List<(string, double, bool)> bars = [("bare process", bare.P50, false), ("tenantry local", create.P50, true)];
        if (peer is not null)
            bars.Add(("docker run", docker.P50, false));
        if (!quick)
            await File.WriteAllTextAsync(Path.Combine(results, "local.svg"), Chart.Bars("Create → first answer, median", "ms", bars), cancellationToken);
    }

    private async Task WakingAsync(Fleet fleet, CancellationToken cancellationToken)
    {
        var (frozen, asleep) = (new Samples(), new Samples());
        for (var round = 0; round < rounds; round++)
        {
            frozen.Add(await fleet.WakeUntilAnswerAsync("c0", InstancePhase.Frozen, cancellationToken));
            asleep.Add(await fleet.WakeUntilAnswerAsync("c0", InstancePhase.Asleep, cancellationToken));
        }

        report.Say("## Wake → first 200 (the `wake` verb over the API)");
        report.Table(
            ["from", "p50 ms", "p95 ms"],
            ["frozen", Report.Number(frozen.P50), Report.Number(frozen.P95)],
            ["asleep", Report.Number(asleep.P50), Report.Number(asleep.P95)]);
    }

    private async Task DensityAsync(ControlPlane plane, Fleet fleet, CancellationToken cancellationToken)
    {
        var before = AvailableMiB();
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, density),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
            async (number, token) => await fleet.CreateAsync($"d{number}", token));
        var took = Stopwatch.GetElapsedTime(started);
        await Task.Delay(TimeSpan.FromSeconds(5), cancellationToken);
        var apps = AppsMiB();
        var cpu = Programs.CpuSeconds(plane.Processes);
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var idle = (Programs.CpuSeconds(plane.Processes) - cpu) / 10;
        var each = (before - AvailableMiB() - apps) / density;
        var memory = Programs.MemoryMiB(plane.Processes);
        report.Say($"## {density} instances on one machine");
        report.Table(
            ["figure", "value", "aim"],
            ["created and healthy in", Report.Number(took.TotalSeconds, " s"), ""],
            ["memory each, outside the app's own processes (MemAvailable before − after − the apps' PSS)", Report.Number(each, " MiB"), $"≤ 1 MiB: {Report.Verdict(each <= 1)}"],
            ["the apps' own processes together (PSS)", Report.Number(apps, " MiB"), ""],
            ["control plane, all processes (PSS)", Report.Number(memory, " MiB"), $"≤ 200 MiB: {Report.Verdict(memory <= 200)}"],
            ["CPU of the control plane while all are idle", Report.Number(idle * 100, " % of a core"), ""]);
    }

    internal static double AvailableMiB() =>
        double.Parse(File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemAvailable", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    internal static double AppsMiB() => Programs.MemoryMiB(Process.GetProcessesByName("busybox").Select(process => process.Id));

    private static string Busy() => File.ReadAllText("/proc/loadavg").Split(' ')[0] + " load";
}
