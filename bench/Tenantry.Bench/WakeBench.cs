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
        report.Say();
        report.Say(string.Create(CultureInfo.InvariantCulture, $"Target `local`, {rounds} wakes each, {Environment.ProcessorCount} cores, load average {Load()} before the run. Platform: from the moment when the gateway saw the request until the process was able to run. App: from then until the first byte of its answer."));
        await using var plane = await ControlPlane.StartAsync(program, cancellationToken);
        await plane.Client.Targets.Create("local", new PutTargetRequest("local")).SendAsync(cancellationToken);
        await plane.Client.Apps.Apply(new ApplyAppRequest(Fleet.Manifest)).SendAsync(cancellationToken);
        var fleet = new Fleet(plane, "bench-static", "local");
        await fleet.CreateUntilAnswerAsync("w0", cancellationToken);
        report.Say("## Busybox `httpd`");
        await MeasureAsync(plane, fleet.HostOf("w0"), "w0", cancellationToken);

        await AddNodeRedAsync(plane, cancellationToken);
        report.Say("## Node-RED");
        await MeasureAsync(plane, fleet.HostOf("red"), "red", cancellationToken);
        await fleet.RemoveAllAsync(cancellationToken);
        if (quick)
            await Console.Out.WriteLineAsync(report.ToString());
        else
            await report.WriteAsync(Path.Combine(results, "wake.md"));
    }

    private async Task MeasureAsync(ControlPlane plane, string host, string slug, CancellationToken cancellationToken)
    {
        for (var round = 0; round < rounds; round++)
        {
            await WakeAsync(plane, host, slug, InstancePhase.Frozen, cancellationToken);
            await WakeAsync(plane, host, slug, InstancePhase.Asleep, cancellationToken);
        }

        // The last first byte is written down after its answer.
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        Tell(await plane.Client.Instances.GetWakeReportAsync(slug, cancellationToken));
    }

    // The example as it is, without its way out: the machine's network stays as it was.
    private async Task AddNodeRedAsync(ControlPlane plane, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("tenantry-bench-node-red-").FullName;
        foreach (var file in Directory.EnumerateFiles("examples/node-red"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var manifest = Path.Combine(folder, "tenantry.yaml");
        var lines = await File.ReadAllLinesAsync(manifest, cancellationToken);
        await File.WriteAllLinesAsync(manifest, lines.Where(line => !line.StartsWith("egress:", StringComparison.Ordinal)), cancellationToken);
        var token = Path.Combine(folder, "token");
        await File.WriteAllTextAsync(token, Guid.NewGuid().ToString("N"), cancellationToken);
        await Programs.RunAsync(program, ["--data", plane.Data, "app", "apply", "-f", folder], cancellationToken);
        await Programs.RunAsync(program, ["--data", plane.Data, "tenant", "add", "red", "--app", "node-red", "--tier", "pro", "--secret-file", $"token={token}"], cancellationToken);
        Directory.Delete(folder, recursive: true);
        await Answer.UntilOkAsync(plane.GatewayPort, "red.localhost", cancellationToken);
    }

    private static async Task WakeAsync(ControlPlane plane, string host, string slug, InstancePhase from, CancellationToken cancellationToken)
    {
        var verb = from == InstancePhase.Frozen ? plane.Client.Instances.Freeze(slug) : plane.Client.Instances.Sleep(slug);
        if ((await verb.SendAsync(cancellationToken)).Operation is { } operation)
            await plane.Client.Operations.WaitAsync(operation.Id, cancellationToken);
        await Answer.UntilOkAsync(plane.GatewayPort, host, cancellationToken);
        while ((await plane.Client.Instances.GetAsync(slug, cancellationToken)).Phase != InstancePhase.Running)
            await Task.Delay(5, cancellationToken);
    }

    private void Tell(IReadOnlyList<WakeSummaryResponse> rows) => report.Table(
    [
        ["from", "wakes", "platform p50 ms", "p95", "p99", "aim of p99", "app p50 ms", "p95", "p99"],
        .. rows.Select(row => (IReadOnlyList<string>)
        [
            row.From.ToString(), $"{row.Count}", Ms(row.Platform.P50), Ms(row.Platform.P95), Ms(row.Platform.P99), Aim(row), Ms(row.Start.P50), Ms(row.Start.P95), Ms(row.Start.P99),
        ]),
    ]);

    private static string Aim(WakeSummaryResponse row)
    {
        var aim = row.From == InstancePhase.Frozen ? FrozenAim : AsleepAim;
        return $"≤ {aim}: {Report.Verdict(row.Platform.P99 * 1000 <= aim)}";
    }

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string Ms(double seconds) => Report.Number(seconds * 1000);
}
