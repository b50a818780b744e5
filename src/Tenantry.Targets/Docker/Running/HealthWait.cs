using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Running;

/// <summary>Waits until a started service is healthy, or says why it does not become so.</summary>
internal sealed class HealthWait(DockerHost host)
{
    private const int LastLines = 5;
    private const int MostEnds = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(300);

    /// <summary>Waits for a service's container.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="service">The service's name.</param>
    /// <param name="health">How its health is asked for, which tells how long it may take.</param>
    /// <param name="progress">Told what is waited for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task WaitAsync(InstanceRef instance, string service, HealthWorkload? health, Action<string> progress, CancellationToken cancellationToken)
    {
        var resource = DockerNames.ServiceResource(instance, service);
        var began = host.Time.GetTimestamp();
        var limit = LimitOf(health);
        var (pause, told, endsBefore) = (Pause, (string?)null, (int?)null);
        while (true)
        {
            var container = await host.Reader.FindAsync(DockerNames.Container(instance, service), cancellationToken)
                ?? throw new TargetException("Its container was removed while it started.", retryable: true, resource);
            endsBefore ??= container.State.Status == "restarting" ? container.RestartCount - 1 : container.RestartCount;
            if (container.State.Status is "exited" or "dead" || container.RestartCount - endsBefore >= MostEnds)
                throw await FailureAsync(container, resource, DescribeEnd(container.State), cancellationToken);

            var reason = "it ended and is started again";
            if (container.State.IsRunning)
            {
                var seen = await host.Health.AskAsync(container, cancellationToken);
                var isSettled = container.Shape?.Health is not null || container.State.Health is not null || host.Time.GetUtcNow() - container.State.StartedAt >= Settled;
                if (seen.Health == InstanceHealth.Healthy && isSettled)
                    return;
                reason = seen.Reason ?? "it has only just started";
            }

            if (host.Time.GetElapsedTime(began) >= limit)
                throw await FailureAsync(container, resource, $"is not healthy after {limit.TotalSeconds:0} s: {reason}", cancellationToken);
            if (reason != told)
                progress(told = reason);
            await Task.Delay(pause, host.Time, cancellationToken);
            pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause;
        }
    }

    /// <summary>How a container ended, in words.</summary>
    internal static string DescribeEnd(ContainerState state)
    {
        if (state.Error.Length > 0)
            return $"could not be started: {state.Error}";
        if (state.OutOfMemory)
            return "was killed because it used more memory than its limit";
        return state.ExitCode > 128 && state.ExitCode < 160
            ? $"ended with exit code {state.ExitCode} (signal {Linux.SignalNames.Of(state.ExitCode - 128)})"
            : $"ended with exit code {state.ExitCode}";
    }

    private async Task<TargetException> FailureAsync(ContainerSeen container, ResourceName resource, string what, CancellationToken cancellationToken)
    {
        var last = await host.Logs.LastAsync(container, LastLines, cancellationToken);
        return new TargetException($"{container.Service} {what}.{(last.Length > 0 ? $" Its last lines: {last}" : " It printed nothing.")}", retryable: true, resource);
    }

    private static TimeSpan LimitOf(HealthWorkload? health)
    {
        var most = health is null ? LeastTime : health.StartPeriod + ((health.Interval + health.Timeout) * Math.Max(health.Retries, 1));
        return most < LeastTime ? LeastTime : most;
    }
}
