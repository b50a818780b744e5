using System.Globalization;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Bench;

/// <summary>Wakes by a request through the gateway, from frozen and from asleep: the platform's part and the app's, as the control plane measures them.</summary>
internal sealed class WakeBench(string program, string results, bool quick)
{
    private const double FrozenAim = 10;
    private const double AsleepAim = 50;
    private readonly int rounds = quick ? 10 : 200;
    private readonly Report report = new("Wakes by a request");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var plane = await ControlPlane.StartAsync(program, cancellationToken);
        await plane.Client.Targets.Create("local", new PutTargetRequest("local")).SendAsync(cancellationToken);
        await plane.Client.Apps.Apply(new ApplyAppRequest(Fleet.Manifest)).SendAsync(cancellationToken);
        var fleet = new Fleet(plane, "bench-static", "local");
        await fleet.CreateUntilAnswerAsync("w0", cancellationToken);
        for (var round = 0; round < rounds; round++)
        {
            await WakeAsync(plane, fleet, InstancePhase.Frozen, cancellationToken);
            await WakeAsync(plane, fleet, InstancePhase.Asleep, cancellationToken);
        }

        // The last first byte is written down after its answer.
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        Tell(await plane.Client.Instances.GetWakeReportAsync("w0", cancellationToken));
        await fleet.RemoveAllAsync(cancellationToken);
        if (quick)
            await Console.Out.WriteLineAsync(report.ToString());
        else
            await report.WriteAsync(Path.Combine(results, "wake.md"));
    }

    private static async Task WakeAsync(ControlPlane plane, Fleet fleet, InstancePhase from, CancellationToken cancellationToken)
    {
        var verb = from == InstancePhase.Frozen ? plane.Client.Instances.Freeze("w0") : plane.Client.Instances.Sleep("w0");
        if ((await verb.SendAsync(cancellationToken)).Operation is { } operation)
            await plane.Client.Operations.WaitAsync(operation.Id, cancellationToken);
        await Answer.UntilOkAsync(plane.GatewayPort, fleet.HostOf("w0"), cancellationToken);
        while ((await plane.Client.Instances.GetAsync("w0", cancellationToken)).Phase != InstancePhase.Running)
            await Task.Delay(5, cancellationToken);
    }

    private void Tell(IReadOnlyList<WakeSummaryResponse> rows)
    {
        report.Say();
        report.Say(string.Create(CultureInfo.InvariantCulture, $"Busybox `httpd` on target `local`, {rounds} wakes each, {Environment.ProcessorCount} cores, load {Load()} at the end. Platform: from the moment when the gateway saw the request until the process was able to run. App: from then until the first byte of its answer."));
        report.Table(
        [
            ["from", "wakes", "platform p50 ms", "p95", "p99", "aim of p99", "app p50 ms", "p95", "p99"],
            .. rows.Select(row => (IReadOnlyList<string>)
            [
                row.From.ToString(), $"{row.Count}", Ms(row.Platform.P50), Ms(row.Platform.P95), Ms(row.Platform.P99), Aim(row), Ms(row.Start.P50), Ms(row.Start.P95), Ms(row.Start.P99),
            ]),
        ]);
    }

    private static string Aim(WakeSummaryResponse row)
    {
        var aim = row.From == InstancePhase.Frozen ? FrozenAim : AsleepAim;
        return $"≤ {aim}: {Report.Verdict(row.Platform.P99 * 1000 <= aim)}";
    }

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string Ms(double seconds) => Report.Number(seconds * 1000);
}
