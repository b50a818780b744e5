using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Local.Running;

/// <summary>Waits until a service is healthy: asks often at first, since most start fast, and ever less often.</summary>
internal static class HealthWait
{
    private const int LastLines = 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan NoCheckTime = TimeSpan.FromSeconds(30);

    internal static async Task UntilHealthyAsync(LocalHost host, InstanceFile file, ServiceFile service, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(file.Ref);
        var own = paths.Service(service.Name);
        var begin = host.Time.GetTimestamp();
        var most = MostTime(service);
        string? reason = null;
        for (var pause = FirstPause; ; pause = Shorter(pause * 1.5, LongPause))
        {
            var state = ServiceState.Read(own);
            if (state is null or { GaveUp: true } or { Process: null, RestartAt: null })
                throw Failure(host, file, own, Ended(state), retryable: false);
            if (state.IsAlive && await IsHealthyAsync(host, paths, service, state, cancellationToken) is var (healthy, why))
            {
                if (healthy)
                    return;
                reason = why;
            }

            var elapsed = host.Time.GetElapsedTime(begin);
            if (elapsed > most)
                throw Failure(host, file, own, $"It did not become healthy within {most.TotalSeconds:0.#} s: {reason ?? state.LastExit ?? "it does not run"}", retryable: true);
            await Task.Delay(Shorter(pause, elapsed > Impatience ? LongPause : ShortPause), host.Time, cancellationToken);
        }
    }

    /// <summary>What a person is told of a service that ended and is not started again.</summary>
    internal static string Ended(ServiceState? state) =>
        $"It ended {state?.Exits.Count ?? 0} times within {RestartPolicy.Window.TotalSeconds:0} s, the last time with {state?.LastExit ?? "an unknown exit code"}, and is not started again";

    internal static string WithLastLines(LocalHost host, ServicePaths service, string sentence)
    {
        var lines = host.Logs.LastLines(service, LastLines);
        return lines.Length == 0 ? $"{sentence}." : $"{sentence}. It said last:\n{lines}";
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan MostTime(ServiceFile service)
    {
        if (service.Health is not { } health)
            return NoCheckTime;
        var most = health.StartPeriod + (health.Interval * Math.Max(health.Retries, 1)) + health.Timeout;
        return most < LeastTime ? LeastTime : most;
    }

    private static async Task<(bool Healthy, string? Why)> IsHealthyAsync(LocalHost host, InstancePaths paths, ServiceFile service, ServiceState state, CancellationToken cancellationToken)
    {
        // Without a check a service is healthy while it runs: if it can run at all, that is.
        if (service.Health is null)
            return (host.Time.GetUtcNow() - state.StartedAt >= Settled, null);
        var seen = await host.Health.AskAsync(paths, service, state, cancellationToken);
        return (seen.Health == InstanceHealth.Healthy, seen.Reason);
    }

    private static TargetException Failure(LocalHost host, InstanceFile file, ServicePaths service, string sentence, bool retryable) =>
        new(WithLastLines(host, service, sentence), retryable, LocalResources.Service(file.Ref, service.Name));
}
