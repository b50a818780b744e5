namespace Tenantry.Server.Reconciling;

/// <summary>How long to wait: doubling, capped, with jitter so that what failed together is not tried again together.</summary>
internal sealed class Backoff(ReconcilerOptions options)
{
    private const int MostDoublings = 20;

    /// <summary>After so many failures in a row, 1 or more: between half and all of the doubled time.</summary>
    public TimeSpan After(int failures)
    {
        var doubled = options.FirstBackoff * Math.Pow(2, Math.Min(failures - 1, MostDoublings));
        var capped = doubled < options.LongestBackoff ? doubled : options.LongestBackoff;
        return capped * (0.5 + (options.Chance() / 2));
    }

    /// <summary>A regular time, up to a tenth shorter or longer.</summary>
    public TimeSpan Around(TimeSpan time) => time * (0.9 + (options.Chance() / 5));
}
