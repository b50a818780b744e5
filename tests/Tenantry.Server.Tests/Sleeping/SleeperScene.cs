using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
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

/// <summary>A sleeper over a real store, with a target that a test tells what it counts.</summary>
internal sealed class SleeperScene : IAsyncDisposable
{
    public const string Sleeps = "shop-2";
    public const string Freezes = "shop-3";
    public const string IsAsked = "shop-4";
    public const string HasHours = "shop-5";
    public const string HasAllHours = "shop-6";
    private static readonly (string Release, string More)[] Releases =
    [
        (Sleeps, "sleep: { after: 40s, minimumAwake: 1s }"),
        (Freezes, "sleep: { freezeAfter: 10s, minimumAwake: 5m }"),
        (IsAsked, "sleep: { after: 40s, minimumAwake: 1s }\nbusy: { command: [check] }"),
        (HasHours, "sleep: { after: 40s, minimumAwake: 1s, awake: 'daily 06:00-12:00' }"),
        (HasAllHours, "sleep: { after: 40s, minimumAwake: 1s, awake: 'daily 00:00-24:00' }"),
    ];

    private readonly Channel<GateReport> reports = Channel.CreateUnbounded<GateReport>();
    private readonly CancellationTokenSource stop = new();
    private GatewayHub hub = null!;
    private Task attending = Task.CompletedTask;

    public ConcurrentDictionary<string, double> Cpu { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, long> Sent { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<string> Measured { get; } = new();

    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<int> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<string> Poked { get; } = new();

    public Func<string, Task> BeforeMeasuring { get; set; } = _ => Task.CompletedTask;

    public Func<Task> WhileStopping { get; set; } = () => Task.CompletedTask;

    /// <summary>False as long as no process of them is left, say.</summary>
    public bool CountsTraffic { get; set; } = true;

    /// <summary>Between the sleeper and the store.</summary>
    public AwayStore Away { get; private set; } = null!;

    public Workbench Bench { get; private set; } = null!;

    /// <summary>What people run inside instances goes through it; it can do nothing else.</summary>
    public LocalEngine Engine { get; private set; } = null!;

    public InstanceCommands Commands { get; private set; } = null!;

    public Sleeper Sleeper { get; private set; } = null!;

    public static async Task<SleeperScene> StartAsync()
    {
        var scene = new SleeperScene { Bench = await Workbench.StartAsync() };
        scene.Bench.Wrap = inner => new Counting(inner, scene);
        foreach (var (release, more) in Releases)
        {
            var text = $"app: shop\nversion: \"1\"\nservices: {{ web: {{ command: [serve], ports: [8080] }} }}\ntiers: {{ free: {{}} }}\n{more}\n";
            var manifest = ManifestJson.Write(ManifestReader.Read(text, "tenantry.yaml").Manifest!);
            await scene.Bench.Store.ApplyReleaseAsync(scene.Bench.Fleet.NewRelease(release) with { Version = release, Manifest = manifest }, CancellationToken.None);
        }

        scene.Commands = new InstanceCommands(scene.Bench.Time);
        scene.Bench.Use(scene.Bench.NewReconciler(scene.Bench.Store, commands: scene.Commands));
        scene.hub = new GatewayHub(scene.Bench.Time);
        scene.attending = Task.Run(async () =>
        {
            await foreach (var order in scene.hub.AttendAsync(scene.reports.Reader, scene.stop.Token))
                order.ShouldBeNull();
        });
        scene.StartSleeper();
        return scene;
    }

    /// <summary>In place of the one before, as in the next process, or in another engine on the same store.</summary>
    public void StartSleeper(string? node = null, bool isOneMachine = false)
    {
        Sleeper?.Dispose();
        (var before, Away) = AwayStore.InFrontOf(Bench.Store);
        var index = new SleepIndex(Bench.Store);
        var targets = Bench.NewTargets(before, _ => { }, node: node, isOneMachine: isOneMachine);
        Engine = new LocalEngine(
            Bench.Store, new InstanceLookup(Bench.Store, index, targets, Bench.Time), targets, null!, null!, null!, null!, null!, null!, null!, null!, null!, Commands, null!, []);
        Sleeper = new Sleeper(
            before, index, targets, Bench.Reconciler, hub, Commands,
            new OtherEngines(Bench.Store, "this-1", Bench.Time, NullLogger<OtherEngines>.Instance), Poked.Enqueue, new SleeperOptions(), Bench.Time, NullLogger<Sleeper>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await attending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Sleeper.Dispose();
        await Bench.DisposeAsync();
        stop.Dispose();
    }

    public async Task<string> AddAsync(string slug, string target = "here", string release = Sleeps)
    {
        await Bench.Fleet.AddTenantAsync(slug);
        var spec = Bench.Fleet.NewSpec(slug, target) with { Release = release };
        await Bench.Store.CreateInstanceAsync(spec, Bench.Fleet.NewOperation(spec, OperationKind.Create), null, CancellationToken.None);
        await Bench.PassAsync(spec.Id);
        return spec.Id;
    }

    public async Task LookAfterAsync(double seconds)
    {
        Bench.Time.Advance(TimeSpan.FromSeconds(seconds));
        reports.Writer.TryWrite(new GateReport([]));
        await Waiting.ForAsync(() => hub.TrafficOf("any") is not null);
        await Sleeper.LookAsync(CancellationToken.None);
    }

    /// <summary>Looks at the next moment at which clocks on the wall show that.</summary>
    public async Task LookAtAsync(int hour, int minute, int second = 0)
    {
        var now = Bench.Time.GetUtcNow();
        var next = now.Date + new TimeSpan(hour, minute, second);
        await LookAfterAsync((next > now.DateTime ? next - now.DateTime : next.AddDays(1) - now.DateTime).TotalSeconds);
    }

    public async Task LookEveryAsync(double seconds, int times)
    {
        for (var i = 0; i < times; i++)
            await LookAfterAsync(seconds);
    }

    public async Task<InstanceRecord> RecordAsync(string id) => (await Bench.Store.FindInstanceAsync(id, CancellationToken.None))!;

    public async Task<DesiredState> DesiredAsync(string id) => (await RecordAsync(id)).Desired;

    /// <summary>Counts as the test says; instances whose names begin with hung never get an answer.</summary>
    private sealed class Counting(ITarget inner, SleeperScene scene) : ITarget, IStats, IFreeze, IExec
    {
        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<InstanceStats> ReadStatsAsync(InstanceRef instance, CancellationToken cancellationToken) => ((IStats)inner).ReadStatsAsync(instance, cancellationToken);

        public async Task<InstanceUsage> ReadUsageAsync(InstanceRef instance, CancellationToken cancellationToken)
        {
            scene.Measured.Enqueue(instance.Id);
            await scene.BeforeMeasuring(instance.Id);
            return instance.Slug.StartsWith("hung", StringComparison.Ordinal)
                ? await new TaskCompletionSource<InstanceUsage>().Task
                : new InstanceUsage(scene.Bench.Time.GetUtcNow(), scene.Cpu.GetValueOrDefault(instance.Id), scene.CountsTraffic ? scene.Sent.GetValueOrDefault(instance.Id) : null);
        }

        public IAsyncEnumerable<StepEvent> FreezeAsync(InstanceRef instance, CancellationToken cancellationToken) => ((IFreeze)inner).FreezeAsync(instance, cancellationToken);

        public Task<int> ExecAsync(InstanceRef instance, ExecRequest request, CancellationToken cancellationToken)
        {
            scene.Asked.TrySetResult();
            return scene.Answer.Task.WaitAsync(cancellationToken);
        }

        public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) => inner.PlanAsync(workload, seen, cancellationToken);

        public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) => inner.ApplyAsync(plan, workload, cancellationToken);

        public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.ObserveAsync(instance, cancellationToken);

        public async IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await scene.WhileStopping();
            await foreach (var step in inner.SleepAsync(instance, cancellationToken))
                yield return step;
        }

        public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) => inner.WakeAsync(workload, cancellationToken);

        public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.DeleteAsync(instance, cancellationToken);

        public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) => inner.ListOwnedAsync(owner, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
