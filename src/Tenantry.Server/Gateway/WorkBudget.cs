namespace Tenantry.Server.Gateway;

/// <summary>Holds repeated work to a share of the time, over time: what is done now and then never waits, what goes on and on rests in between.</summary>
/// <param name="share">Share of the time that may be worked, such as 0.1.</param>
/// <param name="most">Work that may be done in one go before the first rest; it is saved up again at the share.</param>
internal sealed class WorkBudget(double share, TimeSpan most, TimeProvider time)
{
    private TimeSpan debt;
    private long last = time.GetTimestamp();

    /// <summary>How long to rest after that work.</summary>
    public TimeSpan RestAfter(TimeSpan work)
    {
        var now = time.GetTimestamp();
        var left = debt - (time.GetElapsedTime(last, now) * share);
        last = now;
        debt = (left > TimeSpan.Zero ? left : TimeSpan.Zero) + work;
        return debt > most ? (debt - most) / share : TimeSpan.Zero;
    }
}
