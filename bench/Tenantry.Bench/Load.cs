using System.Globalization;
using System.Text.RegularExpressions;

namespace Tenantry.Bench;

/// <summary>What a load program saw. Times in milliseconds; NaN where it does not say.</summary>
internal sealed record Measured(double PerSecond, double P50, double P99, long Failed);

/// <summary>Load programs of Debian, and what they print.</summary>
internal static partial class Load
{
    private const string Host = "alice.localhost";

    public static async Task<Measured> WrkAsync(int port, string path, int connections, int seconds, CancellationToken cancellationToken, string? cores = null)
    {
        var text = await Programs.RunAsync(
            "taskset", ["-c", cores ?? Cores.All, "wrk", "-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "-H", $"Host: {Host}", $"http://127.0.0.1:{port}{path}"], cancellationToken);
        var failed = Failures().Match(text) is { Success: true } match ? long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        return new Measured(Number(PerSecond().Match(text)), Time(Half().Match(text)), Time(Last().Match(text)), failed);
    }

    public static Task<Measured> H2LoadAsync(int port, int seconds, CancellationToken cancellationToken) => RunH2LoadAsync(
        port, ["-c8", "-m16", "-D", seconds.ToString(CultureInfo.InvariantCulture), "-H", $":authority: {Host}"], cancellationToken);

    /// <summary>h2load prints no percentiles: its log of each request's time gives them.</summary>
    private static async Task<Measured> RunH2LoadAsync(int port, IEnumerable<string> options, CancellationToken cancellationToken)
    {
        var log = Path.GetTempFileName();
        File.Delete(log);
        var text = await Programs.RunAsync("h2load", ["-t1", $"--log-file={log}", .. options, $"http://127.0.0.1:{port}/"], cancellationToken);
        var times = new List<double>();
        var failed = 0L;
        foreach (var line in File.ReadLines(log))
        {
            var fields = line.Split('\t');
            if (fields.Length < 3)
                continue;
            if (fields[1] != "200")
                failed++;
            times.Add(double.Parse(fields[2], CultureInfo.InvariantCulture) / 1000);
        }

        File.Delete(log);
        times.Sort();
        return new Measured(Number(H2PerSecond().Match(text)), At(times, 0.5), At(times, 0.99), failed);
    }

    private static double At(List<double> sorted, double part) => sorted.Count == 0 ? double.NaN : sorted[(int)(sorted.Count * part)];

    private static double Number(Match match) => match.Success ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : double.NaN;

    private static double Time(Match match) => !match.Success ? double.NaN : Number(match) * match.Groups[2].Value switch
    {
        "us" => 0.001,
        "ms" => 1,
        "s" => 1000,
        _ => double.NaN,
    };

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"\s50%\s+([0-9.]+)(us|ms|s)")]
    private static partial Regex Half();

    [GeneratedRegex(@"\s99%\s+([0-9.]+)(us|ms|s)")]
    private static partial Regex Last();

    [GeneratedRegex("Non-2xx or 3xx responses: ([0-9]+)")]
    private static partial Regex Failures();

    [GeneratedRegex("finished in [^,]+, ([0-9.]+) req/s")]
    private static partial Regex H2PerSecond();
}
