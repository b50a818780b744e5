using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;

namespace Tenantry.Server.Sleeping;

/// <summary>
/// Wakes instances that requests wait for. Whoever asks for the same one shares its wake. Requests go on as soon as the instance runs and is healthy; that
/// is written down afterwards.
/// </summary>
public sealed class WakeDesk(IStore store, Reconciler reconciler, WakeMetrics metrics, TimeProvider time, ILogger<WakeDesk> log) : IAsyncDisposable
{
    private const int LeastRetrySeconds = 2;
    private const int FullRetrySeconds = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);
    private readonly ConcurrentDictionary<string, Lazy<Task<WakeAnswer>>> underWay = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Admission> lines = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Endpoint> woken = new(StringComparer.Ordinal);
    private readonly FirstBytes firstBytes = new(store, metrics, time, log);
    private readonly ConcurrentDictionary<TaskCompletionSource, byte> ending = new();
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Wakes it, or says why not. Cancelling gives up waiting; the wake goes on.</summary>
    public Task<WakeAnswer> WakeAsync(string instanceId, WakeRequest request, CancellationToken cancellationToken) => underWay
        .GetOrAdd(instanceId, id => new Lazy<Task<WakeAnswer>>(() => BeginAsync(id, request)))
        .Value.WaitAsync(cancellationToken);

    /// <summary>How an instance is reached that was woken a moment ago, while that is being written down; otherwise null.</summary>
    public Endpoint? EndpointOf(string instanceId) => woken.GetValueOrDefault(instanceId);

    /// <summary>The first byte of the answer has come: that is how long the app took.</summary>
    public void Complete(FirstByte first) => _ = CompleteAsync(first);

    /// <summary>Ends when every wake has been written down.</summary>
    public Task IdleAsync() => Task.WhenAll(ending.Keys.Select(wake => wake.Task));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await IdleAsync();
        stopping.Dispose();
    }

    private async Task<WakeAnswer> BeginAsync(string instanceId, WakeRequest request)
    {
        var asked = new Asked(
            request, time.GetTimestamp(), new TaskCompletionSource<WakeAnswer>(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        ending.TryAdd(asked.Ended, 0);
        _ = Task.Run(async () =>
        {
            try
            {
                asked.Answered.TrySetResult(await RunAsync(instanceId, asked));
            }
            catch (Exception failure)
            {
                if (failure is not (KeyNotFoundException or StoreUnavailableException or OperationCanceledException))
                    log.LogError(failure, "Instance {Instance}: the wake broke off", instanceId);
                asked.Answered.TrySetException(failure is StoreUnavailableException or OperationCanceledException
                    ? new EngineUnavailableException("The store is away, or the engine stops.", failure)
                    : failure);
            }
            finally
            {
                underWay.TryRemove(instanceId, out _);
                woken.TryRemove(instanceId, out _);
                asked.Ended.TrySetResult();
                ending.TryRemove(asked.Ended, out _);
            }
        });
        return await asked.Answered.Task;
    }

    private async Task<WakeAnswer> RunAsync(string instanceId, Asked asked)
    {
        var (record, present) = await SettledAsync(instanceId, asked.Seen);
        if (present is not null)
            return present;
        if (!await store.ClaimWakeAsync(instanceId, stopping.Token))
        {
            log.LogInformation("Instance {Slug} is not woken: as many instances of {Organization} are awake as its quota allows", record.Spec.Slug, record.Spec.Organization);
            return new WakeAnswer(WakeOutcome.Held, "As many instances as the quota allows are awake. Try again when one of them rests.", FullRetrySeconds);
        }

        try
        {
            await WakeClaimedAsync(record, asked);
        }
        finally
        {
            // Awake it counts by itself; a wake that failed counts no more.
            await store.ReleaseWakeAsync(instanceId, CancellationToken.None);
        }

        return await store.FindInstanceAsync(instanceId, stopping.Token) is { } after ? Present(after, isWorkedOn: false) : throw new KeyNotFoundException($"There is no instance {instanceId}.");
    }

    private async Task WakeClaimedAsync(InstanceRecord record, Asked asked)
    {
        var instanceId = record.Spec.Id;
        // Thawing costs nothing: it never waits behind instances that are started.
        var line = record.Status.Phase == InstancePhase.Frozen ? null : lines.GetOrAdd(record.Spec.Target, static _ => new Admission());
        var limit = (await store.FindTargetAsync(record.Spec.Target, stopping.Token))?.Parallel ?? 1;
        var since = asked.Seen - (long)(asked.Request.Seconds * time.TimestampFrequency);
        if (line is not null)
            await line.EnterAsync(limit, since, stopping.Token);
        try
        {
            await reconciler.WakeAsync(instanceId, new WakeAsk(since, (endpoint, wake) =>
            {
                woken[instanceId] = endpoint;
                firstBytes.Await(record.Spec, wake, asked.Ended.Task, stopping.Token);
                asked.Answered.TrySetResult(new WakeAnswer(WakeOutcome.Awake, Endpoint: endpoint, Wake: wake));
            }), stopping.Token);
        }
        finally
        {
            line?.Leave(limit);
        }
    }

    // What is to be woken; or, once nobody works on it any more or that takes long, what to say of it instead.
    private async Task<(InstanceRecord Record, WakeAnswer? Present)> SettledAsync(string instanceId, long seen)
    {
        var pause = LeastPause;
        while (true)
        {
            var isLate = time.GetElapsedTime(seen) > Patience;
            if (isLate || !reconciler.IsWorkingOn(instanceId))
            {
                var record = await store.FindInstanceAsync(instanceId, stopping.Token) ?? throw new KeyNotFoundException($"There is no instance {instanceId}.");
                if (WakeAsk.Wakes(record))
                    return (record, null);
                var present = Present(record, reconciler.IsWorkingOn(instanceId));
                if (isLate || present.Outcome != WakeOutcome.NotNow || record.Spec.Desired == DesiredState.Deleted)
                    return (record, present);
                pause = pause < LongestPause ? pause * 2 : LongestPause;
            }

            await Task.Delay(pause, time, stopping.Token);
        }
    }

    private WakeAnswer Present(InstanceRecord record, bool isWorkedOn) => record switch
    {
        // Whoever asks has not come through: what is at the endpoint is going, or not there yet.
        { Status: { Phase: InstancePhase.Updating } or { Phase: InstancePhase.Running, Health: InstanceHealth.Starting } } when
            record.Desired == DesiredState.Running && (isWorkedOn || record.Status.Health == InstanceHealth.Starting) =>
            new WakeAnswer(WakeOutcome.NotNow, "The instance is being started or changed. Try again in a moment.", LeastRetrySeconds),
        { Status: { Phase: InstancePhase.Running or InstancePhase.Updating or InstancePhase.Failed, Endpoint: { } endpoint } } when record.Desired == DesiredState.Running =>
            new WakeAnswer(WakeOutcome.Awake, Endpoint: endpoint),
        { Spec: { Hold: InstanceHold.Down, Desired: not DesiredState.Deleted } } when record.Desired != DesiredState.Running =>
            new WakeAnswer(WakeOutcome.Held, "The instance is kept down by its operator.", 60),
        { Status.Phase: InstancePhase.Failed } => new WakeAnswer(WakeOutcome.Failed, "The instance could not be started, and its operator has been told why.", RetryAfter(record)),
        { Status: { Failures: > 0 } } => new WakeAnswer(WakeOutcome.Failed, "The instance could not be woken; it is tried again in a moment.", RetryAfter(record)),
        { Spec.Desired: DesiredState.Deleted } => new WakeAnswer(WakeOutcome.NotNow, "The instance is being removed.", 30),
        _ => new WakeAnswer(WakeOutcome.NotNow, "The instance is being started or changed. Try again in a moment.", LeastRetrySeconds),
    };

    private int RetryAfter(InstanceRecord record) =>
        (int)Math.Clamp(Math.Ceiling((record.Status.NextLookAt - time.GetUtcNow()).TotalSeconds), LeastRetrySeconds, 300);

    /// <summary>As <see cref="Complete"/>; ends when it is written down.</summary>
    internal async Task CompleteAsync(FirstByte first) => await firstBytes.TakeAsync(first, stopping.Token);

    /// <summary>A wake under way.</summary>
    private sealed record Asked(WakeRequest Request, long Seen, TaskCompletionSource<WakeAnswer> Answered, TaskCompletionSource Ended);
}
