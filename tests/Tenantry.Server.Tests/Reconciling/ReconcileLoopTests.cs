using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

public sealed class ReconcileLoopTests : IAsyncLifetime
{
    private readonly Pokes _pokes = new();
    private readonly CountingTarget.Counts _counts = new();
    private Workbench _bench = null!;

    public async Task InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        _bench.Wrap = made => new CountingTarget((FakeTarget)made, _counts);
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task WhatIsDueIsDoneWithoutAPoke()
    {
        await using var loop = await StartAsync();
        for (var i = 0; i < 20; i++)
            await _bench.Fleet.AddInstanceAsync($"t{i}");
        await EventuallyAsync(async () => (await PhasesAsync()).All(phase => phase == InstancePhase.Running), "all instances run");
        (await PhasesAsync()).Count.ShouldBe(20);
        _counts.Most.ShouldBeLessThanOrEqualTo(4, "the target's own limit holds");
        _bench.World.Violations.ShouldBeEmpty();
    }

    [Fact]
    public async Task APokeIsAnsweredWithoutWaitingForTheNextLook()
    {
        var spec = await _bench.RunningAsync("alice");
        await using var loop = await StartAsync();
        _bench.World.Crash(spec.Id, "exit code 1");
        _pokes.Add(spec.Id);
        // The clock stands still: only the poke can be the cause.
        await Eventually.HoldsAsync(async () => (await _bench.SeeAsync(spec)).State == ObservedState.Running, "it runs again");
    }

    [Fact]
    public async Task TargetsAreListenedToFromTheStartAlsoWhileNoInstanceIsDue()
    {
        await using var loop = await StartAsync();
        await Eventually.HoldsAsync(() => Task.FromResult(_counts.IsListenedTo), "the target is listened to");
    }

    [Fact]
    public async Task APokeDuringAPassIsNotLost()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        var gate = _counts.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var loop = await StartAsync();
        await EventuallyAsync(() => Task.FromResult(_counts.Now == 1), "the pass is under way");
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Sleep, s => s with { Desired = DesiredState.Asleep });
        _pokes.Add(spec.Id);
        _counts.Gate = null;
        gate.SetResult();
        await Eventually.HoldsAsync(async () => (await _bench.SeeAsync(spec)).State == ObservedState.Stopped, "it sleeps");
    }

    [Fact]
    public async Task InstancesThatAreWellAreLookedAtInTurnAndOnesThatAreNotAreRepaired()
    {
        var specs = new List<InstanceSpec>();
        for (var i = 0; i < 10; i++)
            specs.Add(await _bench.RunningAsync($"t{i}"));
        var changes = await _bench.Store.LastChangeAsync(CancellationToken.None);
        await using var loop = await StartAsync();
        _bench.Time.Advance(TimeSpan.FromMinutes(6));
        await EventuallyAsync(async () => await NextAsync() > _bench.Time.GetUtcNow(), "all were looked at");
        (await _bench.Store.LastChangeAsync(CancellationToken.None)).ShouldBe(changes, "a look that sees nothing new tells nobody");

        _bench.World.Vanish(specs[3].Id);
        _bench.Time.Advance(TimeSpan.FromMinutes(6));
        await EventuallyAsync(async () => (await _bench.SeeAsync(specs[3])).State == ObservedState.Running, "the one that vanished is back");
        _bench.World.Violations.ShouldBeEmpty();
    }

    [Fact]
    public async Task TwoLoopsShareTheWork()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        for (var i = 0; i < 20; i++)
            await _bench.Fleet.AddInstanceAsync($"t{i}");
        await EventuallyAsync(async () => (await PhasesAsync()).All(phase => phase == InstancePhase.Running), "all instances run");
        _bench.World.Violations.ShouldBeEmpty();
    }

    [Fact]
    public async Task AStopEndsWhatHangsAndGivesTheLeaseBack()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(FakeCall.Step, new FakeReaction.Hang());
        var loop = await StartAsync();
        await EventuallyAsync(() => Task.FromResult(_counts.Now == 1), "the pass is under way");
        var stop = loop.DisposeAsync().AsTask();
        await EventuallyAsync(() => Task.FromResult(stop.IsCompleted), "the loop ends");
        await stop;
        (await _bench.Store.TryAcquireLeaseAsync(spec.Id, "next", TimeSpan.FromMinutes(1), CancellationToken.None)).ShouldNotBeNull();
    }

    [Fact]
    public async Task WhileTheStoreIsAwayNothingEndsAndAfterwardsTheWorkGoesOn()
    {
        var store = FailingStore.Of(_bench.Store);
        await using var loop = await StartAsync(store);
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        await EventuallyAsync(() => Task.FromResult(FailingStore.Calls(store) > 3), "the loop tries");
        FailingStore.Mend(store);
        await EventuallyAsync(async () => (await _bench.StatusAsync(spec.Id)).Phase == InstancePhase.Running, "it runs");
    }

    private async Task<RunningLoop> StartAsync(IStore? store = null)
    {
        var reconciler = _bench.NewReconciler(store ?? _bench.Store);
        var loop = new ReconcileLoop(store ?? _bench.Store, reconciler, _pokes, _bench.Options, _bench.Time, NullLogger<ReconcileLoop>.Instance);
        await loop.StartAsync(CancellationToken.None);
        return new RunningLoop(loop);
    }

    private Task EventuallyAsync(Func<Task<bool>> condition, string what) => Eventually.HoldsAsync(
        async () =>
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
            return await condition();
        },
        what);

    private async Task<IReadOnlyList<InstancePhase>> PhasesAsync() =>
        [.. (await _bench.Store.ListInstancesAsync(new InstanceFilter(), new PageRequest(), CancellationToken.None)).Items.Select(item => item.Status.Phase)];

    private async Task<DateTimeOffset> NextAsync() =>
        (await _bench.Store.ListInstancesAsync(new InstanceFilter(), new PageRequest(), CancellationToken.None)).Items.Min(item => item.Status.NextLookAt);

    private sealed class RunningLoop(ReconcileLoop loop) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await loop.StopAsync(CancellationToken.None);
            loop.Dispose();
        }
    }

    /// <summary>Counts how many instances are changed at once, and holds them up when asked.</summary>
    private sealed class CountingTarget(FakeTarget inner, CountingTarget.Counts counts) : ITarget, INotices
    {
        public async IAsyncEnumerable<string> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            counts.IsListenedTo = true;
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            yield break;
        }

        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) =>
            inner.PlanAsync(workload, seen, cancellationToken);

        public async IAsyncEnumerable<StepEvent> ApplyAsync(
            Plan plan, InstanceWorkload workload, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            counts.Enter();
            try
            {
                if (counts.Gate is { } gate)
                    await gate.Task.WaitAsync(cancellationToken);
                await Task.Yield();
                await foreach (var step in inner.ApplyAsync(plan, workload, cancellationToken))
                    yield return step;
            }
            finally
            {
                counts.Leave();
            }
        }

        public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) =>
            inner.ObserveAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) =>
            inner.SleepAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) =>
            inner.WakeAsync(workload, cancellationToken);

        public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) =>
            inner.DeleteAsync(instance, cancellationToken);

        public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) =>
            inner.ListOwnedAsync(owner, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        internal sealed class Counts
        {
            private readonly Lock _lock = new();

            public int Now { get; private set; }

            public int Most { get; private set; }

            public bool IsListenedTo { get; set; }

            public TaskCompletionSource? Gate { get; set; }

            public void Enter()
            {
                lock (_lock)
                    Most = Math.Max(Most, ++Now);
            }

            public void Leave()
            {
                lock (_lock)
                    Now--;
            }
        }
    }
}

/// <summary>A store whose database is away until it is mended.</summary>
public class FailingStore : DispatchProxy
{
    private IStore _store = null!;
    private volatile bool _isMended;
    private int _calls;

    public static IStore Of(IStore store)
    {
        var proxy = Create<IStore, FailingStore>();
        ((FailingStore)(object)proxy)._store = store;
        return proxy;
    }

    public static int Calls(IStore proxy) => Volatile.Read(ref ((FailingStore)(object)proxy)._calls);

    public static void Mend(IStore proxy) => ((FailingStore)(object)proxy)._isMended = true;

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Interlocked.Increment(ref _calls);
        if (_isMended || !typeof(Task).IsAssignableFrom(targetMethod!.ReturnType))
            return targetMethod!.Invoke(_store, args);
        throw new StoreUnavailableException("a test took it away", new IOException());
    }
}
