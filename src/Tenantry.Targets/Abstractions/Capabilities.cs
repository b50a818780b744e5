using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Abstractions;

/// <summary>A target that can read what an instance printed.</summary>
public interface ILogs
{
    /// <summary>Lines in order of time; with <see cref="LogRequest.Follow"/> it goes on until cancelled.</summary>
    IAsyncEnumerable<LogLine> ReadLogsAsync(InstanceRef instance, LogRequest request, CancellationToken cancellationToken);
}

/// <summary>Which lines are wanted.</summary>
/// <param name="Service">Of this service only, or null for all.</param>
/// <param name="Tail">At most that many of the newest lines, or null for all.</param>
/// <param name="Since">Not older than this, or null.</param>
/// <param name="Follow">Go on with new lines.</param>
public sealed record LogRequest(string? Service = null, int? Tail = null, DateTimeOffset? Since = null, bool Follow = false);

/// <summary>One line that a service printed.</summary>
public sealed record LogLine(DateTimeOffset At, string Service, bool IsError, string Text);

/// <summary>A target that can count what an instance uses.</summary>
public interface IStats
{
    /// <summary>What it uses now.</summary>
    Task<InstanceStats> ReadStatsAsync(InstanceRef instance, CancellationToken cancellationToken);

    /// <summary>What tells whether it works, asked often: a target that can answer this cheaper does.</summary>
    async Task<InstanceUsage> ReadUsageAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var stats = await ReadStatsAsync(instance, cancellationToken);
        return new InstanceUsage(stats.At, stats.CpuSeconds, stats.SentBytes);
    }
}

/// <summary>Seconds of CPU since its start, and bytes that it sent out. Null: not known on this target, or not now.</summary>
public sealed record InstanceUsage(DateTimeOffset At, double? CpuSeconds, long? SentBytes);

/// <summary>What an instance uses. Bytes, seconds of CPU since its start, processes and threads. Null: not known on this target.</summary>
public sealed record InstanceStats(
    DateTimeOffset At,
    double? CpuSeconds,
    long? MemoryBytes,
    long? MemoryLimitBytes,
    int? Pids,
    long? DiskBytes,
    long? ReceivedBytes,
    long? SentBytes,
    int Restarts);

/// <summary>A target that can run a command inside an instance.</summary>
public interface IExec
{
    /// <summary>Runs it with the instance's user, limits and namespaces. Ends with the command; cancelling ends the command.</summary>
    Task<int> ExecAsync(InstanceRef instance, ExecRequest request, CancellationToken cancellationToken);
}

/// <summary>A command and its streams.</summary>
/// <param name="Service">Inside which service; null for the first.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="Input">Its standard input; empty when there is none.</param>
/// <param name="Output">Called with each piece of standard output.</param>
/// <param name="Error">Called with each piece of standard error.</param>
public sealed record ExecRequest(
    string? Service,
    IReadOnlyList<string> Command,
    Stream Input,
    Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> Output,
    Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> Error)
{
    /// <summary>What the command ends with when its program is not there, as in a shell; a sentence goes to <see cref="Error"/>.</summary>
    public const int NoProgram = 127;

    /// <summary>What the command ends with when its program is there and cannot be run, as in a shell; a sentence goes to <see cref="Error"/>.</summary>
    public const int NotRunnable = 126;
}

/// <summary>A target that can keep an instance in memory without CPU. Thawing is <see cref="ITarget.WakeAsync"/>.</summary>
public interface IFreeze
{
    /// <summary>Freezes a running instance. Succeeds when it is frozen already; fails (retryable) when it does not run.</summary>
    IAsyncEnumerable<StepEvent> FreezeAsync(InstanceRef instance, CancellationToken cancellationToken);
}

/// <summary>A target that can hand out and take in all of an instance's data.</summary>
public interface IData
{
    /// <summary>Writes a tar of all volumes (<c>VOLUME/path</c>), owners as seen inside the instance. Works on stopped instances too.</summary>
    Task ExportAsync(InstanceRef instance, Stream output, CancellationToken cancellationToken);

    /// <summary>Replaces all volumes with what such a tar holds. The instance must be stopped. An invalid tar changes nothing.</summary>
    Task ImportAsync(InstanceRef instance, Stream input, CancellationToken cancellationToken);
}

/// <summary>A target that can change limits without a restart; <see cref="ITarget.PlanAsync"/> then plans an update instead of a replacement.</summary>
public interface IResize
{
    /// <summary>True when going from one to the other needs no restart.</summary>
    bool CanResizeInPlace(ResourceLimits from, ResourceLimits to);
}

/// <summary>A target that can make sockets inside an instance's network namespace, on this host.</summary>
public interface ISockets
{
    /// <summary>
    /// An unconnected TCP socket that belongs to the instance's network namespace for good. The caller owns the handle.
    /// Throws a retryable <see cref="TargetException"/> when the instance has no namespace now.
    /// </summary>
    Task<System.Net.Sockets.SafeSocketHandle> OpenSocketAsync(Endpoint endpoint, CancellationToken cancellationToken);
}

/// <summary>A target that keeps something for a release beside its instances, such as an image that it built.</summary>
public interface IReleases
{
    /// <summary>Ids of releases that it keeps something for. Asks nobody outside.</summary>
    Task<IReadOnlyList<string>> ListKeptReleasesAsync(CancellationToken cancellationToken);

    /// <summary>Removes what it made for that release and no other one needs. Succeeds when it is gone already; retryable while something uses it.</summary>
    Task ForgetReleaseAsync(string release, CancellationToken cancellationToken);
}

/// <summary>A target that notices by itself when an instance should be looked at (a process ended, a container was removed).</summary>
public interface INotices
{
    /// <summary>Ids of instances that should be looked at, as it happens, until cancelled.</summary>
    IAsyncEnumerable<string> WatchAsync(CancellationToken cancellationToken);
}

/// <summary>One thing that was looked at where an instance runs.</summary>
/// <param name="What">What should be true.</param>
/// <param name="IsTrue">Whether it was seen to be.</param>
/// <param name="Hint">What was seen instead, or what to do; may be empty.</param>
public sealed record LookedAt(string What, bool IsTrue, string Hint);

/// <summary>A target that can be asked, thing by thing, for what an instance needs beside its processes.</summary>
public interface ILooks
{
    /// <summary>Each thing as it is now, by asking the platform. Changes nothing.</summary>
    Task<IReadOnlyList<LookedAt>> LookAsync(InstanceRef instance, CancellationToken cancellationToken);
}
