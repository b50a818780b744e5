using System.Collections.Concurrent;
using Tenantry.Model.Instances;
using Tenantry.Server.Metrics;

namespace Tenantry.Server.Sleeping;

/// <summary>How long wakes took, the platform's part and the app's apart.</summary>
public sealed class WakeMetrics : IMetricSource
{
    private static readonly double[] Bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private readonly ConcurrentDictionary<(string Target, string App, InstancePhase From), Histogram> platform = new();
    private readonly ConcurrentDictionary<(string Target, string App, InstancePhase From), Histogram> app = new();

    /// <summary>It runs and is healthy.</summary>
    public void Woken(string target, string appName, WakeRecord wake) => Record(platform, target, appName, wake, wake.PlatformSeconds);

    /// <summary>It was woken without a request that was told of it: there is no first byte to wait for.</summary>
    public void WokenUnasked(string target, string appName, WakeRecord wake)
    {
        Woken(target, appName, wake);
        FirstByte(target, appName, wake);
    }

    /// <summary>The first byte of an answer has come.</summary>
    public void FirstByte(string target, string appName, WakeRecord wake) => Record(app, target, appName, wake, wake.AppSeconds);

    /// <inheritdoc/>
    public ValueTask WriteAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        Write(text, platform, "tenantry_wake_platform_seconds", "Time from a request for a resting instance until its process was able to run.");
        Write(text, app, "tenantry_wake_app_seconds", "Time from then until the first byte of the app's answer.");
        return ValueTask.CompletedTask;
    }

    private static void Record(
        ConcurrentDictionary<(string, string, InstancePhase), Histogram> to, string target, string appName, WakeRecord wake, double seconds) =>
        to.GetOrAdd((target, appName, wake.From), static _ => new Histogram(Bounds)).Record(TimeSpan.FromSeconds(seconds));

    private static void Write(PrometheusText text, ConcurrentDictionary<(string Target, string App, InstancePhase From), Histogram> from, string name, string help)
    {
        text.Begin(name, "histogram", help);
        foreach (var ((target, appName, phase), histogram) in from)
            histogram.Write(text, name, ("target", target), ("app", appName), ("from", phase.ToString().ToLowerInvariant()));
    }
}
