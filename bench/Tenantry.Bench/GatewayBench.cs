using System.Globalization;

namespace Tenantry.Bench;

/// <summary>The gateway beside Debian's Caddy and nginx, in front of the same upstream (nginx), with keep-alive everywhere.</summary>
internal sealed class GatewayBench(string program, string results, bool quick)
{
    private const double OverCaddy = 3;
    private const double OverNginx = 0.75;
    private readonly int rounds = quick ? 1 : 3;
    private readonly int seconds = quick ? 2 : 3;
    private readonly int warmSeconds = quick ? 2 : 8;
    private readonly int sockets = quick ? 500 : 9_000;
    private readonly Report report = new("The gateway");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        report.Say();
        report.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}. {Environment.ProcessorCount} cores for load, gateway and upstream together; load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]} before the run. Medians of {rounds} rounds of {seconds} s after {warmSeconds} s that warm each up, taken in turns, so that ratios of one table count and figures by themselves do not."));
        await using var rivals = await GatewayRivals.StartAsync(cancellationToken);
        await using var few = await GatewayAlone.StartAsync(program, GatewayRivals.UpstreamPort, hosts: 10, cancellationToken);
        await using var many = await GatewayAlone.StartAsync(program, GatewayRivals.UpstreamPort, hosts: 10_000, cancellationToken);
        (string Name, int Port)[] three = [("tenantry", few.Port), ("nginx 1.22", GatewayRivals.NginxPort), ("Caddy 2.6", GatewayRivals.CaddyPort)];

        var small = await MeasureAsync([.. three, ("upstream alone", GatewayRivals.UpstreamPort)], (port, time) => Load.WrkAsync(port, "/", 64, time, cancellationToken));
        Say("Small answers, HTTP/1.1, 64 connections", small);
        var (ours, nginx, caddy) = (small["tenantry"].PerSecond, small["nginx 1.22"].PerSecond, small["Caddy 2.6"].PerSecond);
        report.Say($"Aim: ≥ {OverCaddy} × Caddy: **{Report.Verdict(ours >= OverCaddy * caddy)}** ({Report.Number(ours / caddy)} ×). Aim: ≥ {OverNginx} × nginx: **{Report.Verdict(ours >= OverNginx * nginx)}** ({Report.Number(ours / nginx)} ×).");
        await HalfLoadAsync(rivals, few, quick ? 1 : 6, cancellationToken);
        Say("Small answers, HTTP/2 without TLS in front, 8 connections of 16 streams", await MeasureAsync([three[0], (three[1].Name, GatewayRivals.NginxHttp2Port), three[2]], (port, time) => Load.H2LoadAsync(port, time, cancellationToken)));
        Say("1 MiB answers, HTTP/1.1, 16 connections", await MeasureAsync(three, (port, time) => Load.WrkAsync(port, "/large", 16, time, cancellationToken)));
        Say("10,000 routes against 10", await MeasureAsync([("10 routes", few.Port), ("10,000 routes", many.Port)], (port, time) => Load.WrkAsync(port, "/", 64, time, cancellationToken)));
        await IdleAsync(cancellationToken);
        if (quick)
            await Console.Out.WriteLineAsync(report.ToString());
        else
            await report.WriteAsync(Path.Combine(results, "gateway.md"));
    }

    /// <summary>Everything stands and nothing is measured, until the input ends: for a profile.</summary>
    public static async Task HoldAsync(string program, CancellationToken cancellationToken)
    {
        await using var rivals = await GatewayRivals.StartAsync(cancellationToken);
        await using var ours = await GatewayAlone.StartAsync(program, GatewayRivals.UpstreamPort, hosts: 10, cancellationToken);
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"tenantry {ours.Port} (pid {ours.ProcessId}), nginx {GatewayRivals.NginxPort}, Caddy {GatewayRivals.CaddyPort}, upstream {GatewayRivals.UpstreamPort}"));
        await Console.In.ReadToEndAsync(cancellationToken);
    }

    private async Task<Dictionary<string, Measured>> MeasureAsync((string Name, int Port)[] systems, Func<int, int, Task<Measured>> measure)
    {
        var all = systems.ToDictionary(system => system.Name, _ => new List<Measured>(), StringComparer.Ordinal);
        foreach (var (name, port) in systems)
            await Console.Error.WriteLineAsync($"warm {name}: {await measure(port, warmSeconds)}");
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (name, port) in systems)
                all[name].Add(await measure(port, seconds));
        }

        return all.ToDictionary(one => one.Key, one => one.Value.OrderBy(m => m.PerSecond).ElementAt(one.Value.Count / 2), StringComparer.Ordinal);
    }

    private void Say(string title, Dictionary<string, Measured> measured)
    {
        report.Say($"## {title}");
        report.Table(
        [
            ["system", "requests/s", "p50 ms", "p99 ms", "not answered with 200"],
            .. measured.Select(one => (IReadOnlyList<string>)[one.Key, Report.Number(one.Value.PerSecond), Milliseconds(one.Value.P50), Milliseconds(one.Value.P99), one.Value.Failed.ToString(CultureInfo.InvariantCulture)]),
        ]);
    }

    /// <summary>That table alone, on the terminal.</summary>
    public async Task HalfLoadAsync(CancellationToken cancellationToken)
    {
        await using var rivals = await GatewayRivals.StartAsync(cancellationToken);
        await using var ours = await GatewayAlone.StartAsync(program, GatewayRivals.UpstreamPort, hosts: 10, cancellationToken);
        await HalfLoadAsync(rivals, ours, 6, cancellationToken);
        await Console.Out.WriteLineAsync(report.ToString());
    }

    private async Task HalfLoadAsync(GatewayRivals rivals, GatewayAlone ours, int halfRounds, CancellationToken cancellationToken)
    {
        int[] measured = [ours.ProcessId, .. rivals.Proxies];
        await Cores.KeepAsync(rivals.Upstream, Cores.Load, cancellationToken);
        await Cores.KeepAsync(measured, Cores.Measured, cancellationToken);
        await new HalfLoad(report, GatewayRivals.UpstreamPort, halfRounds).RunAsync(
            [("tenantry", ours.Port), ("nginx 1.22", GatewayRivals.NginxPort), ("Caddy 2.6", GatewayRivals.CaddyPort)], cancellationToken);
        await Cores.KeepAsync([.. measured, .. rivals.Upstream], Cores.All, cancellationToken);
    }

    private async Task IdleAsync(CancellationToken cancellationToken)
    {
        await using var idle = new IdleSockets();
        await using var gateway = await GatewayAlone.StartAsync(program, idle.Port, hosts: 1, cancellationToken);
        await idle.OpenAsync(gateway.Port, 100, cancellationToken);
        var before = gateway.MemoryMiB;
        await idle.OpenAsync(gateway.Port, sockets, cancellationToken);
        var after = gateway.MemoryMiB;
        report.Say($"## {sockets} idle WebSockets through the gateway");
        report.Table(
            ["figure", "value"],
            ["memory of the gateway before (PSS, 100 open)", Report.Number(before, " MiB")],
            ["memory with all of them", Report.Number(after, " MiB")],
            ["each, client's side and instance's side together", Report.Number((after - before) * 1024 / sockets, " KiB")],
            ["still open and answering", $"{await idle.EchoAsync(cancellationToken)} of {idle.Count}"]);
    }

    private static string Milliseconds(double value) => double.IsNaN(value) ? "" : Report.Number(value);
}
