using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;

namespace Tenantry.Server.Sleeping;

/// <summary>
/// Counts the app's part of each wake once: until the first byte that a gateway tells of, or, when none does, until the instance was healthy. A browser that got the waiting
/// page, a stream that moved and a client that left get no byte of it.
/// </summary>
internal sealed class FirstBytes(IStore store, WakeMetrics metrics, TimeProvider time, ILogger log)
{
    /// <summary>A byte that comes later is written down, and counted no more.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Awaited> newest = new(StringComparer.Ordinal);

    /// <summary>For tests: of how many wakes something is kept.</summary>
    internal int Known
    {
        get
        {
            lock (gate)
                return newest.Count;
        }
    }

    /// <summary>It runs and is healthy.</summary>
    /// <param name="spec">The instance.</param>
    /// <param name="wake">The wake, its app's part until it was healthy.</param>
    /// <param name="written">Completes when that is in the store.</param>
    /// <param name="stopping">Nothing is counted after it.</param>
    public void Await(InstanceSpec spec, WakeRecord wake, Task written, CancellationToken stopping)
    {
        metrics.Woken(spec.Target, spec.App, wake);
        var awaited = new Awaited(spec.Target, spec.App, wake, written);
        Awaited? before;
        lock (gate)
        {
            newest.TryGetValue(spec.Id, out before);
            newest[spec.Id] = awaited;
        }

        if (before is not null)
            Count(before, before.Wake);
        _ = GiveUpAsync(spec.Id, awaited, stopping);
    }

    /// <summary>Ends when it is written down.</summary>
    public async Task TakeAsync(FirstByte first, CancellationToken stopping)
    {
        try
        {
            if (await store.FindInstanceAsync(first.InstanceId, stopping) is null || Told(first) is not { } awaited)
                return;
            Count(awaited, first.Wake);
            // What the pass writes of the same wake knows of no byte.
            await awaited.Written.WaitAsync(stopping);
            await store.AddWakeAsync(first.InstanceId, first.Wake, stopping);
        }
        catch (Exception failure) when (failure is StoreUnavailableException or OperationCanceledException)
        {
            log.LogDebug(failure, "Instance {Instance}: the first byte of a wake was not written down", first.InstanceId);
        }
    }

    // All requests that waited tell of the same wake. Null: it is known.
    private Awaited? Told(FirstByte first)
    {
        lock (gate)
        {
            // What was told is kept for a minute: later there may be no trace of it.
            if (!newest.TryGetValue(first.InstanceId, out var awaited) && time.GetUtcNow() - first.Wake.At >= Patience)
                return null;
            if (awaited is null || awaited.Wake.At < first.Wake.At)
            {
                // An engine before this one counted it.
                newest[first.InstanceId] = awaited = new Awaited("", "", first.Wake, Task.CompletedTask) { IsCounted = true };
            }

            if (awaited.Wake.At > first.Wake.At)
                return new Awaited("", "", first.Wake, Task.CompletedTask) { IsCounted = true };
            if (awaited.IsTold)
                return null;
            awaited.IsTold = true;
            return awaited;
        }
    }

    private async Task GiveUpAsync(string instanceId, Awaited awaited, CancellationToken stopping)
    {
        await Task.Delay(Patience, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stopping.IsCancellationRequested)
            return;
        Count(awaited, awaited.Wake);
        lock (gate)
        {
            if (awaited.IsTold && newest.GetValueOrDefault(instanceId) == awaited)
                newest.Remove(instanceId);
        }
    }

    private void Count(Awaited awaited, WakeRecord wake)
    {
        lock (gate)
        {
            if (awaited.IsCounted)
                return;
            awaited.IsCounted = true;
        }

        metrics.FirstByte(awaited.Target, awaited.App, wake);
    }

    private sealed class Awaited(string target, string app, WakeRecord wake, Task written)
    {
        public string Target => target;

        public string App => app;

        public WakeRecord Wake => wake;

        public Task Written => written;

        public bool IsTold { get; set; }

        public bool IsCounted { get; set; }
    }
}
