using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Of each instance some lines a second: one that fails at every request fills no disk and hides nobody else's failures.</summary>
internal sealed class LogShare(ILogger log, TimeProvider time)
{
    public const int MostEachSecond = 10;
    private const int MostKept = 10_000;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, Share> shares = new(StringComparer.Ordinal);

    /// <summary>True when a line about that instance may be written. How many were left out before is said first.</summary>
    public bool Has(string slug)
    {
        if (!log.IsEnabled(LogLevel.Information))
            return true;
        if (shares.Count >= MostKept)
            shares.Clear();
        if (shares.GetOrAdd(slug, static _ => new Share()).Take(time) is not { } leftOut)
            return false;
        if (leftOut > 0)
            log.LogInformation("{Count} more failures of {Slug} were not logged: at most {Most} are in a second", leftOut, slug, MostEachSecond);
        return true;
    }

    private sealed class Share
    {
        private readonly Lock gate = new();
        private long? since;
        private int taken;
        private int leftOut;

        // How many were left out before this line; null: it is left out, too.
        public int? Take(TimeProvider time)
        {
            lock (gate)
            {
                var now = time.GetTimestamp();
                if (since is not { } begin || time.GetElapsedTime(begin, now) >= Second)
                    (since, taken) = (now, 0);
                if (taken >= MostEachSecond)
                {
                    leftOut++;
                    return null;
                }

                taken++;
                var before = leftOut;
                leftOut = 0;
                return before;
            }
        }
    }
}
