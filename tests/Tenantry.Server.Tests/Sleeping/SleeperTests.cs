using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Engine;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Server.Tests.Serving;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Looks of the sleeper over a real store, with a target that a test tells what it counts.</summary>
public sealed class SleeperTests : IAsyncLifetime
{
    private const string Manifest = """
        app: shop
        version: "1"
        services: { web: { command: [serve], ports: [8080] } }
        sleep: { after: 40s, minimumAwake: 1s }
        tiers: { free: {} }
        """;

    private readonly Channel<GateReport> reports = Channel.CreateUnbounded<GateReport>();
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, double> cpu = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> measured = new();
    private Workbench bench = null!;
    private GatewayHub hub = null!;
    private Sleeper sleeper = null!;
    private Task attending = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        bench = await Workbench.StartAsync();
        bench.Wrap = inner => new Counting(inner, this);
        var manifest = ManifestJson.Write(ManifestReader.Read(Manifest, "tenantry.yaml").Manifest!);
        await bench.Store.ApplyReleaseAsync(bench.Fleet.NewRelease("shop-2") with { Version = "2", Manifest = manifest }, CancellationToken.None);
        hub = new GatewayHub(bench.Time);
        attending = Task.Run(async () =>
        {
            await foreach (var order in hub.AttendAsync(reports.Reader, stop.Token))
                order.ShouldBeNull();
        });
        sleeper = new Sleeper(
            bench.Store, new SleepIndex(bench.Store), bench.NewTargets(bench.Store, _ => { }), hub,
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

    private async Task<string> AddAsync(string slug, string target = "here")
    {
        await bench.Fleet.AddTenantAsync(slug);
        var spec = bench.Fleet.NewSpec(slug, target) with { Release = "shop-2" };
        await bench.Store.CreateInstanceAsync(spec, bench.Fleet.NewOperation(spec, Model.Operations.OperationKind.Create), null, CancellationToken.None);
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

    private async Task<DesiredState> DesiredAsync(string id) => (await bench.Store.FindInstanceAsync(id, CancellationToken.None))!.Desired;

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
    private sealed class Counting(ITarget inner, SleeperTests test) : ITarget, IStats
    {
        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<InstanceStats> ReadStatsAsync(InstanceRef instance, CancellationToken cancellationToken) => ((IStats)inner).ReadStatsAsync(instance, cancellationToken);

        public Task<InstanceUsage> ReadUsageAsync(InstanceRef instance, CancellationToken cancellationToken)
        {
            test.measured.Enqueue(instance.Id);
            return instance.Slug.StartsWith("hung", StringComparison.Ordinal)
                ? new TaskCompletionSource<InstanceUsage>().Task
                : Task.FromResult(new InstanceUsage(test.bench.Time.GetUtcNow(), test.cpu.GetValueOrDefault(instance.Id), 0));
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
