using System.Diagnostics;

namespace Tenantry.Bench;

/// <summary>
/// How long a core does nothing for a program that never waits: a shared host gives it to somebody else. A tail of some milliseconds that is there
/// without any program is not one of the programs that are measured.
/// </summary>
internal static class StolenTime
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(3);
    private const double Gap = 0.05;

    /// <summary>Of each core: the part of the time that was taken in pieces of over 50 µs, and the longest piece in milliseconds.</summary>
    public static async Task<IReadOnlyList<(double Part, double Longest)>> MeasureAsync()
    {
        var all = new List<(double, double)>();
        for (var core = 0; core < Environment.ProcessorCount; core++)
        {
            var own = core;
            all.Add(await Task.Factory.StartNew(() => Spin(own), TaskCreationOptions.LongRunning));
        }

        return all;
    }

    private static (double Part, double Longest) Spin(int core)
    {
        ThisThread.RunOn(core);
        var (taken, longest) = (0.0, 0.0);
        var began = Stopwatch.GetTimestamp();
        for (var last = began; Stopwatch.GetElapsedTime(began) < Look;)
        {
            var now = Stopwatch.GetTimestamp();
            var gap = Stopwatch.GetElapsedTime(last, now).TotalMilliseconds;
            last = now;
            if (gap < Gap)
                continue;
            taken += gap;
            longest = Math.Max(longest, gap);
        }

        return (taken / Look.TotalMilliseconds, longest);
    }
}
