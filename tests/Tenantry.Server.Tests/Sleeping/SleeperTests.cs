using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Looks of the sleeper over a real store, with a target that a test tells what it counts.</summary>
public sealed class SleeperTests : IAsyncLifetime
{
    private const string Sleeps = "shop-2";
    private const string Freezes = "shop-3";
    private const string IsAsked = "shop-4";
    private static readonly (string Release, string More)[] Releases =
    [
        (Sleeps, "sleep: { after: 40s, minimumAwake: 1s }"),
        (Freezes, "sleep: { freezeAfter: 10s, minimumAwake: 5m }"),
        (IsAsked, "sleep: { after: 40s, minimumAwake: 1s }\nbusy: { command: [check] }"),
    ];

    private readonly Channel<GateReport> reports = Channel.CreateUnbounded<GateReport>();
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, double> cpu = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> measured = new();
    private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<string, Task> beforeMeasuring = _ => Task.CompletedTask;
    private AwayStore store = null!;
    private Workbench bench = null!;
    private GatewayHub hub = null!;
    private Sleeper sleeper = null!;
    private Task attending = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        bench = await Workbench.StartAsync();
        bench.Wrap = inner => new Counting(inner, this);
        foreach (var (release, more) in Releases)
        {
            var text = $"app: shop\nversion: \"1\"\nservices: {{ web: {{ command: [serve], ports: [8080] }} }}\ntiers: {{ free: {{}} }}\n{more}\n";
            var manifest = ManifestJson.Write(ManifestReader.Read(text, "tenantry.yaml").Manifest!);
            await bench.Store.ApplyReleaseAsync(bench.Fleet.NewRelease(release) with { Version = release, Manifest = manifest }, CancellationToken.None);
        }

        hub = new GatewayHub(bench.Time);
        attending = Task.Run(async () =>
        {
            await foreach (var order in hub.AttendAsync(reports.Reader, stop.Token))
                order.ShouldBeNull();
        });
        (var before, store) = AwayStore.InFrontOf(bench.Store);
        sleeper = new Sleeper(
            before, new SleepIndex(bench.Store), bench.NewTargets(bench.Store, _ => { }), hub,
            new OtherEngines(bench.Store, "this-1", bench.Time, NullLogger<OtherEngines>.Instance), _ => { }, new SleeperOptions(), bench.Time, NullLogger<Sleeper>.Instance);
    }

    public async Task DisposeAsync()
    {
        await stop.CancelAsync();
        await attending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        sleeper.Dispose();
        await bench.DisposeAsync();
        stop.Dispose();
    }

    private async Task<string> AddAsync(string slug, string target = "here", string release = Sleeps)
    {
        await bench.Fleet.AddTenantAsync(slug);
        var spec = bench.Fleet.NewSpec(slug, target) with { Release = release };
        await bench.Store.CreateInstanceAsync(spec, bench.Fleet.NewOperation(spec, OperationKind.Create), null, CancellationToken.None);
        await bench.PassAsync(spec.Id);
        return spec.Id;
    }

    private async Task LookAfterAsync(double seconds)
    {
        bench.Time.Advance(TimeSpan.FromSeconds(seconds));
        reports.Writer.TryWrite(new GateReport([]));
        await Waiting.ForAsync(() => hub.TrafficOf("any") is not null);
        await sleeper.LookAsync(CancellationToken.None);
    }

    private async Task<InstanceRecord> RecordAsync(string id) => (await bench.Store.FindInstanceAsync(id, CancellationToken.None))!;

    private async Task<DesiredState> DesiredAsync(string id) => (await RecordAsync(id)).Desired;

    private async Task LookEveryAsync(double seconds, int times)
    {
        for (var i = 0; i < times; i++)
            await LookAfterAsync(seconds);
    }

    [Fact]
    public async Task WhatBeganSinceTheLastMeasurementIsSeenBeforeTheInstanceIsPutToRest()
    {
        var id = await AddAsync("alice");
        foreach (var seconds in (double[])[0, 11, 11, 11])
            await LookAfterAsync(seconds);
        measured.Count.ShouldBe(4);
        cpu[id] = 30;

        // Idle for 41 seconds by what was measured last, 8 seconds ago, and the next measurement is due in 2.
        await LookAfterAsync(8);

        (await DesiredAsync(id)).ShouldBe(DesiredState.Running);
        sleeper.ReasonOf(id)!.ShouldContain("cores");
        for (var i = 0; i < 12; i++)
            await LookAfterAsync(10);
        (await DesiredAsync(id)).ShouldBe(DesiredState.Asleep, "it did nothing any more");
    }

    [Fact]
    public async Task ADecisionIsTakenBackWhenWorkBeginsBeforeItIsCarriedOutAndMadeAnewWhileItIsRight()
    {
        var id = await AddAsync("alice");
        await LookEveryAsync(11, 5);
        var first = (await RecordAsync(id)).Rest.ShouldNotBeNull();
        first.Depth.ShouldBe(DesiredState.Asleep);

        await LookAfterAsync(1);
        (await RecordAsync(id)).Rest.ShouldBe(first);
        await LookAfterAsync(1);
        (await RecordAsync(id)).Rest!.At.ShouldBe(first.At.AddSeconds(2), "who waits for their turn is found idle again");
        cpu[id] = 30;
        await LookAfterAsync(1);

        (await RecordAsync(id)).Rest.ShouldBeNull();
        sleeper.ReasonOf(id)!.ShouldContain("cores");
        await bench.PassAsync(id);
        (await RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Running);
    }

    [Fact]
    public async Task WhatADecisionThatAPassDroppedLeavesIsDecidedAnew()
    {
        var id = await AddAsync("alice");
        await LookEveryAsync(11, 5);
        bench.Time.Advance(RestChoice.Lasts * 2);
        await bench.Store.PutRestAsync(id, null, (await RecordAsync(id)).Rest, 1, CancellationToken.None);

        await LookAfterAsync(1);
        await LookAfterAsync(1);
        (await DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        await bench.PassAsync(id);
        (await RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Asleep);
    }

    [Fact]
    public async Task WhatItDidBeforeItHadAPolicyIsNotKnownAndMayHaveBeenWork()
    {
        var id = await AddAsync("alice", release: Fleet.FirstRelease);
        for (var minute = 0; minute < 60; minute++)
        {
            cpu[id] = minute * 30;
            await LookAfterAsync(60);
        }

        measured.ShouldBeEmpty();
        await bench.Fleet.ChangeAsync(id, OperationKind.Update, spec => spec with { Release = Sleeps });
        await bench.PassAsync(id);
        cpu[id] = 1900;

        await LookEveryAsync(12, 3);

        (await DesiredAsync(id)).ShouldBe(DesiredState.Running);
        sleeper.ReasonOf(id).ShouldBe("idle for 24 s, sleeps in 16 s");
    }

    [Fact]
    public async Task OneThatWasFrozenAndWokenBetweenTwoLooksStaysAwakeForItsShortestTime()
    {
        var id = await AddAsync("alice", release: Freezes);
        await LookEveryAsync(15, 22);
        await bench.PassAsync(id);
        (await RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Frozen);
        await bench.Reconciler.WakeAsync(id, new WakeAsk(bench.Time.GetTimestamp(), (_, _) => { }), CancellationToken.None);

        await LookEveryAsync(12, 3);

        (await DesiredAsync(id)).ShouldBe(DesiredState.Running);
        sleeper.ReasonOf(id)!.ShouldStartWith("awake: for at least");
        await LookEveryAsync(15, 22);
        (await DesiredAsync(id)).ShouldBe(DesiredState.Frozen);
    }

    [Fact]
    public async Task AnAppIsAskedOnAlthoughTheStoreGoesAwayInTheSameLook()
    {
        var (alice, bob) = (await AddAsync("alice", release: IsAsked), await AddAsync("bob"));
        await LookEveryAsync(11, 4);
        beforeMeasuring = async id =>
        {
            if (id != bob)
                return;
            await asked.Task;
            store.IsAway = true;
        };

        await Should.ThrowAsync<StoreUnavailableException>(() => LookAfterAsync(11));

        store.IsAway = false;
        beforeMeasuring = _ => Task.CompletedTask;
        answer.SetResult(0);
        await Waiting.ForAsync(async () =>
        {
            await LookAfterAsync(0.1);
            return await DesiredAsync(alice) == DesiredState.Asleep;
        });
        (await DesiredAsync(bob)).ShouldBe(DesiredState.Asleep);
    }

    [Fact]
    public async Task ATargetThatHangsKeepsNoOtherTargetsInstancesAwakeAndIsNotAskedForAllOfIts()
    {
        await bench.Store.PutTargetAsync(new TargetRecord("there", "fake", new Dictionary<string, string>(StringComparer.Ordinal), true, 4, 0, bench.Time.GetUtcNow()), 0, CancellationToken.None);
        var id = await AddAsync("alice");
        for (var i = 0; i < 12; i++)
            await AddAsync($"hung{i}", "there");

        for (var second = 0; second < 45; second++)
        {
            var look = Task.Run(() => LookAfterAsync(0));
            while (!look.IsCompleted)
            {
                bench.Time.Advance(TimeSpan.FromMilliseconds(100));
                await Task.Delay(1);
            }

            await look;
        }

        (await DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        sleeper.ReasonOf("id-hung0")!.ShouldStartWith("awake: ");
        measured.Count(one => one.StartsWith("id-hung", StringComparison.Ordinal)).ShouldBeInRange(4, 60, "four at a time, and then no more in that look");
    }

    /// <summary>Counts as the test says; instances whose names begin with hung never get an answer.</summary>
    private sealed class Counting(ITarget inner, SleeperTests test) : ITarget, IStats, IFreeze, IExec
    {
        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<InstanceStats> ReadStatsAsync(InstanceRef instance, CancellationToken cancellationToken) => ((IStats)inner).ReadStatsAsync(instance, cancellationToken);

        public async Task<InstanceUsage> ReadUsageAsync(InstanceRef instance, CancellationToken cancellationToken)
        {
            test.measured.Enqueue(instance.Id);
            await test.beforeMeasuring(instance.Id);
            return instance.Slug.StartsWith("hung", StringComparison.Ordinal)
                ? await new TaskCompletionSource<InstanceUsage>().Task
                : new InstanceUsage(test.bench.Time.GetUtcNow(), test.cpu.GetValueOrDefault(instance.Id), 0);
        }

        public IAsyncEnumerable<StepEvent> FreezeAsync(InstanceRef instance, CancellationToken cancellationToken) => ((IFreeze)inner).FreezeAsync(instance, cancellationToken);

        public Task<int> ExecAsync(InstanceRef instance, ExecRequest request, CancellationToken cancellationToken)
        {
            test.asked.TrySetResult();
            return test.answer.Task.WaitAsync(cancellationToken);
        }

        public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) => inner.PlanAsync(workload, seen, cancellationToken);

        public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) => inner.ApplyAsync(plan, workload, cancellationToken);

        public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.ObserveAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.SleepAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) => inner.WakeAsync(workload, cancellationToken);

        public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.DeleteAsync(instance, cancellationToken);

        public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) => inner.ListOwnedAsync(owner, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
