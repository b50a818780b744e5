namespace Tenantry.Server.Metrics;

/// <summary>Counts durations by how long they were. Recording takes no lock.</summary>
public sealed class Histogram
{
    /// <summary>Upper bounds in seconds that suit requests.</summary>
    public static readonly double[] RequestBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    /// <summary>Upper bounds in seconds that suit passes and operations.</summary>
    public static readonly double[] WorkBounds = [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

    private readonly double[] bounds;
    private readonly long[] counts;
    private long sumTicks;

    public Histogram(double[] bounds)
    {
        this.bounds = bounds;
        counts = new long[bounds.Length + 1];
    }

    public void Record(TimeSpan duration)
    {
        var seconds = duration.TotalSeconds;
        var i = 0;
        while (i < bounds.Length && seconds > bounds[i])
            i++;
        Interlocked.Increment(ref counts[i]);
        Interlocked.Add(ref sumTicks, duration.Ticks);
    }

    /// <summary>Writes the samples; the metric was begun by the caller.</summary>
    public void Write(PrometheusText text, string name, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var withBound = new (string, string)[labels.Length + 1];
        labels.CopyTo(withBound);
        var total = 0L;
        for (var i = 0; i <= bounds.Length; i++)
        {
            total += Interlocked.Read(ref counts[i]);
            withBound[^1] = ("le", PrometheusText.Number(i < bounds.Length ? bounds[i] : double.PositiveInfinity));
            text.Sample(name + "_bucket", total, withBound);
        }
        text.Sample(name + "_sum", new TimeSpan(Interlocked.Read(ref sumTicks)).TotalSeconds, labels);
        text.Sample(name + "_count", total, labels);
    }
}
