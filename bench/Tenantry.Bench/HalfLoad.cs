using System.Globalization;

namespace Tenantry.Bench;

/// <summary>The time that a gateway adds at half of what it answers at most, on cores of its own.</summary>
internal sealed class HalfLoad(Report report, int upstreamPort, int rounds)
{
    private const double Aim = 1;
    private const int Connections = 64;
    private const int Seconds = 4;
    private readonly Dictionary<string, Seen> seen = new(StringComparer.Ordinal);

    /// <summary>Each at half of its own most, in turns. The first is the one that the aim is for.</summary>
    public async Task RunAsync(IReadOnlyList<(string Name, int Port)> systems, CancellationToken cancellationToken)
    {
        var stolen = await StolenTime.MeasureAsync();
        foreach (var (name, port) in systems)
        {
            var most = new List<double>();
            for (var round = 0; round < 3; round++)
                most.Add((await Load.WrkAsync(port, "/", Connections, 3, cancellationToken, Cores.Load)).PerSecond);
            seen[name] = new Seen(port, most.Order().ElementAt(1));
        }

        for (var round = 0; round < rounds; round++)
        {
            foreach (var one in seen.Values)
            {
                one.Through.AddRange((await SpreadLoad.RunAsync(one.Port, Connections, one.Most / 2, Seconds, cancellationToken)).Windows);
                one.Direct.AddRange((await SpreadLoad.RunAsync(upstreamPort, Connections, one.Most / 2, Seconds, cancellationToken)).Windows);
            }
        }

        Say(stolen, systems[0].Name);
    }

    private void Say(IReadOnlyList<(double Part, double Longest)> stolen, string first)
    {
        var windows = seen[first].Through.Count;
        report.Say(string.Create(CultureInfo.InvariantCulture, $"## Small answers, HTTP/1.1, at half of what each answers at most, evenly spread over {Connections} connections"));
        report.Say();
        report.Say($"Load and upstream on one half of the cores, what is measured on the other. The 99th percentile of each of {windows} half seconds, taken in turns; what is added is the difference to the upstream alone at the same rate.");
        report.Table(
        [
            ["system", "at most, requests/s", "rate", "p50 ms", "p99 ms: quiet quarter", "half", "worst quarter", "added: quiet quarter", "half", "worst quarter"],
            .. seen.Select(one => (IReadOnlyList<string>)
            [
                one.Key, Number(one.Value.Most), Number(one.Value.Most / 2), Number(At(one.Value.Through.Select(w => w.P50), 0.5)),
                .. Parts.Select(part => Number(At(one.Value.Through.Select(w => w.P99), part))), .. Parts.Select(part => Number(one.Value.Added(part))),
            ]),
        ]);
        report.Say($"Aim: p99 added by us ≤ {Aim} ms at half load: **{Report.Verdict(seen[first].Added(0.5) <= Aim)}** in the middle half second ({Number(seen[first].Added(0.5))} ms), **{Report.Verdict(seen[first].Added(0.25) <= Aim)}** in the quiet quarter ({Number(seen[first].Added(0.25))} ms).");
        report.Say($"The host of this machine took from a program that never waits, before this was measured: {string.Join("; ", stolen.Select((core, i) => $"core {i} {Number(core.Part * 100)} % of 3 s, {Number(core.Longest)} ms at once"))}.");
    }

    private static readonly double[] Parts = [0.25, 0.5, 0.75];

    private static double At(IEnumerable<double> values, double part)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[(int)((sorted.Count - 1) * part)];
    }

    private static string Number(double value) => Report.Number(value);

    private sealed record Seen(int Port, double Most)
    {
        public List<(double P50, double P99)> Through { get; } = [];

        public List<(double P50, double P99)> Direct { get; } = [];

        public double Added(double part) => At(Through.Select(w => w.P99), part) - At(Direct.Select(w => w.P99), part);
    }
}
