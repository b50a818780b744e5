using System.Diagnostics;
using System.Globalization;
using Tenantry.Model.Wire;

namespace Tenantry.Bench;

/// <summary>Ten thousand instances on the fake target: what the control plane itself costs.</summary>
internal sealed class FakeFleet(string program, bool quick)
{
    private readonly int size = quick ? 500 : 10_000;

    public async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        await using var plane = await ControlPlane.StartAsync(program, cancellationToken);
        await plane.Client.Targets.Create("fake", new PutTargetRequest("fake", Parallel: 32)).SendAsync(cancellationToken);
        await plane.Client.Apps.Apply(new ApplyAppRequest(Fleet.Manifest)).SendAsync(cancellationToken);
        var fleet = new Fleet(plane, "bench-static", "fake");
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, size),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
            async (number, token) => await fleet.StartAsync(string.Create(CultureInfo.InvariantCulture, $"f{number}"), token));
        while (!await AllRunAsync(plane, cancellationToken))
            await Task.Delay(1000, cancellationToken);
        var created = Stopwatch.GetElapsedTime(started);
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);

        var list = new Samples();
        for (var round = 0; round < 20; round++)
        {
            var asked = Stopwatch.GetTimestamp();
            await foreach (var _ in plane.Client.Instances.ListAsync(cancellationToken: cancellationToken))
            {
                // Every page is read.
            }

            list.Add(Stopwatch.GetElapsedTime(asked));
        }

        // Every instance is looked at once in each resync interval (300 s), so that much CPU in that time is one no-op pass over all.
        var cpu = Programs.CpuSeconds(plane.Processes);
        var window = quick ? 30 : 300;
        await Task.Delay(TimeSpan.FromSeconds(window), cancellationToken);
        var pass = (Programs.CpuSeconds(plane.Processes) - cpu) * 300 / window;
        var memory = Programs.MemoryMiB(plane.Processes);
        report.Say($"## {size} instances on the fake target");
        report.Table(
            ["figure", "value", "aim"],
            ["created in", Report.Number(created.TotalSeconds, " s"), ""],
            ["list of all through the API, all pages", list.ToString(), ""],
            ["CPU in one resync interval (300 s): a no-op pass over all, and idling", Report.Number(pass, " s"), $"≤ 1 s: {Report.Verdict(pass <= 1)}"],
            ["control plane, all processes (PSS)", Report.Number(memory, " MiB"), $"≤ 200 MiB: {Report.Verdict(memory <= 200)}"]);
    }

    private static async Task<bool> AllRunAsync(ControlPlane plane, CancellationToken cancellationToken)
    {
        await foreach (var instance in plane.Client.Instances.ListAsync(cancellationToken: cancellationToken))
        {
            if (instance.ObservedGeneration < instance.Generation)
                return false;
        }

        return true;
    }
}
