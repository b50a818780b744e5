using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Of each instance some lines a second: one that fails at every request fills no disk and hides nobody else's failures. How many were left out is said when the
/// second is over.
/// </summary>
internal sealed class LogShare : IDisposable
{
    public const int MostEachSecond = 10;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly ILogger log;
    private readonly LogLevel level;
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> failures = new(StringComparer.Ordinal);
    private readonly ITimer timer;

    /// <summary>For lines of that level.</summary>
    public LogShare(ILogger log, LogLevel level, TimeProvider time)
    {
        (this.log, this.level) = (log, level);
        timer = time.CreateTimer(static share => ((LogShare)share!).Tell(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when a line about that instance may be written.</summary>
    public bool Has(string slug)
    {
        if (!log.IsEnabled(level))
            return false;
        lock (gate)
        {
            // The second begins with the first failure of whomever.
            if (failures.Count == 0)
                timer.Change(Second, Timeout.InfiniteTimeSpan);
            return ++CollectionsMarshal.GetValueRefOrAddDefault(failures, slug, out _) <= MostEachSecond;
        }
    }

    public void Dispose()
    {
        timer.Dispose();
        Tell();
    }

    private void Tell()
    {
        List<KeyValuePair<string, int>> over;
        lock (gate)
        {
            over = [.. failures.Where(failure => failure.Value > MostEachSecond)];
            failures.Clear();
        }

        foreach (var (slug, count) in over)
            log.Log(level, "{Count} more failures of {Slug} were not logged: at most {Most} are in a second", count - MostEachSecond, slug, MostEachSecond);
    }
}
