using Tenantry.Model.Manifests;

namespace Tenantry.Server.Gateway.Limits;

/// <summary>Requests of one instance: those in flight, and a bucket that fills at the tier's rate.</summary>
internal sealed class InstanceMeter
{
    private readonly Lock gate = new();
    private double taken;
    private DateTimeOffset takenAt;
    private int inFlight;

    public GatewayAnswer? Begin(RequestLimits limits, DateTimeOffset now)
    {
        lock (gate)
        {
            if (inFlight >= limits.Concurrency)
                return GatewayAnswer.TooManyAtOnce;
            if (limits.Rate is { } rate && Take(rate, limits.Burst ?? rate.Count, now) is { } wait)
                return GatewayAnswer.TooMany((int)Math.Clamp(Math.Ceiling(wait.TotalSeconds), 1, 3600));
            inFlight++;
            return null;
        }
    }

    public void End()
    {
        // What began before the limits were there was not counted.
        lock (gate)
            inFlight = Math.Max(0, inFlight - 1);
    }

    // Null when there was room; else the time until there is.
    private TimeSpan? Take(RequestRate rate, int burst, DateTimeOffset now)
    {
        var drained = (now - takenAt) / rate.Per * rate.Count;
        var left = Math.Max(0, taken - Math.Max(0, drained));
        if (left + 1 > burst)
            return (left + 1 - burst) / rate.Count * rate.Per;
        taken = left + 1;
        takenAt = now;
        return null;
    }
}
