using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;

namespace Tenantry.Server.Events;

/// <summary>
/// Says that something changed in the store. The engine tells at once; a slow look at the store finds what it did not tell (another
/// control plane's changes, an engine that is away).
/// </summary>
public sealed class ChangeFeed(IStore store, IEngineLink engine, TimeProvider time, ILogger<ChangeFeed> log) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private volatile TaskCompletionSource next = NewSignal();
    private long last;

    /// <summary>Completes with the next change. Take it before looking at the store, then wait for it.</summary>
    public Task NextChange => next.Task;

    /// <summary>Wakes everybody who waits.</summary>
    public void Nudge() => Interlocked.Exchange(ref next, NewSignal()).TrySetResult();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(ListenAsync(stoppingToken), PollAsync(stoppingToken));

    private async Task ListenAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await foreach (var _ in engine.WatchAsync(stopping))
                    Nudge();
            }
            catch (EngineUnavailableException failure)
            {
                log.LogDebug("The engine is away: {Reason}", failure.Message);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                log.LogError(failure, "Listening to the engine failed; trying again");
            }

            await Task.Delay(Patience, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PollAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Poll, time);
        while (await timer.WaitForNextTickAsync(stopping).AsTask().ContinueWith(t => t.IsCompletedSuccessfully && t.Result, TaskScheduler.Default))
        {
            try
            {
                var newest = await store.LastChangeAsync(stopping);
                if (newest != last)
                    Nudge();
                last = newest;
            }
            catch (StoreUnavailableException failure)
            {
                log.LogDebug(failure, "The store is away");
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
