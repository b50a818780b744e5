using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Migrations;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>A reconciler over a real store (SQLite, not synced) and a fake target, by a clock that only the test moves.</summary>
internal sealed class Workbench : IAsyncDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"tnrc-{Guid.NewGuid():N}");
    private readonly List<TargetSet> _sets = [];

    public ManualTime Time { get; } = new();

    public FakeWorld World { get; } = new();

    public FakeScript Script { get; } = new();

    public FakeWorkloads Workloads { get; } = new();

    public ChangeSignal Changes { get; } = new();

    public ReconcilerOptions Options { get; init; } = new() { Chance = () => 0.5 };

    public IStore Store { get; private set; } = null!;

    public Fleet Fleet { get; private set; } = null!;

    public Reconciler Reconciler { get; private set; } = null!;

    /// <summary>Makes a target of the kind <c>fake</c>; a test may put its own around it.</summary>
    public Func<ITarget, ITarget> Wrap { get; set; } = target => target;

    /// <summary>
    /// Runs what moves the clock while work is under way. Without the test runner's own scheduling, everything that a step of the clock
    /// sets off has happened when the step returns.
    /// </summary>
    public static Task StepwiseAsync(Func<Task> body) => Task.Run(body);

    public static async Task<Workbench> StartAsync(bool repairDrift = true, ReconcilerOptions? options = null)
    {
        var bench = options is null ? new Workbench() : new Workbench { Options = options };
        Directory.CreateDirectory(bench._folder);
        var path = Path.Combine(bench._folder, "store.db");
        await File.WriteAllBytesAsync(path, []);
        bench.Store = await StoreFactory.OpenAsync(new SqliteDatabase(path, bench.Time, durable: false), Migration.All, CancellationToken.None);
        bench.Fleet = new Fleet(bench.Store, bench.Time);
        await bench.Fleet.SetUpAsync(repairDrift);
        bench.Workloads.Owner = bench.Store.Owner;
        bench.Reconciler = bench.NewReconciler(bench.Store);
        return bench;
    }

    /// <summary>Another one beside or after the first, as in another process.</summary>
    public Reconciler NewReconciler(IStore store, Func<ITarget, ITarget>? wrap = null, IPassObserver? observer = null, IProvidedKeys? keys = null, InstanceCommands? commands = null, IRestGate? gate = null) => new(
        store, NewTargets(store, _ => { }, wrap), Workloads, Changes, Options, Time, NullLogger<Reconciler>.Instance, observer, gate: gate, keys: keys, commands: commands);

    /// <summary>Makes it the one that passes are made with.</summary>
    public void Use(Reconciler reconciler) => Reconciler = reconciler;

    public TargetSet NewTargets(IStore store, Action<string> noticed, Func<ITarget, ITarget>? wrap = null, string? node = null, bool isOneMachine = false, bool isOfItsFolder = false)
    {
        var set = new TargetSet(
            store,
            [FakeTarget.CatalogLine with { Create = context => (wrap ?? Wrap)(new FakeTarget(context, World, Script)), IsOneMachine = _ => isOneMachine, IsOfItsFolder = isOfItsFolder }],
            new DataFolders(_folder),
            Path.Combine(_folder, "run"),
            node ?? Options.Node,
            noticed,
            Time,
            NullLoggerFactory.Instance);
        _sets.Add(set);
        return set;
    }

    /// <summary>As if a target of that name had worked here.</summary>
    public void MakeTargetFolder(string name) => Directory.CreateDirectory(new DataFolders(_folder).Target(name));

    public async Task<PassEnd> PassAsync(string id) => (await Reconciler.PassAsync(id, CancellationToken.None)).End;

    /// <summary>A tenant whose instance runs.</summary>
    public async Task<InstanceSpec> RunningAsync(string slug)
    {
        var spec = await Fleet.AddInstanceAsync(slug);
        (await PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        return spec;
    }

    public Task<InstanceSpec> WantAsync(string id, DesiredState desired) => Fleet.ChangeAsync(
        id,
        desired switch
        {
            DesiredState.Running => OperationKind.Wake,
            DesiredState.Frozen => OperationKind.Freeze,
            DesiredState.Asleep => OperationKind.Sleep,
            _ => OperationKind.Delete,
        },
        spec => spec with { Desired = desired });

    public async Task<InstanceStatus> StatusAsync(string id) => (await Store.FindInstanceAsync(id, CancellationToken.None)).ShouldNotBeNull().Status;

    public async Task<Operation> NewestOperationAsync(string id) =>
        (await Store.ListOperationsAsync(id, new PageRequest(1), CancellationToken.None)).Items.ShouldHaveSingleItem();

    public Task<InstanceObservation> SeeAsync(InstanceSpec spec) =>
        new FakeTarget(new TargetContext("here", Store.Owner, "", "", new Dictionary<string, string>(StringComparer.Ordinal), Time, NullLogger.Instance), World, new FakeScript())
            .ObserveAsync(new InstanceRef(spec.Id, spec.Slug, Store.Owner), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        foreach (var set in _sets)
            await set.DisposeAsync();
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A workload of one service and one volume for each spec; instances in <see cref="Refused"/> have none.</summary>
internal sealed class FakeWorkloads : IWorkloadSource
{
    public string Owner { get; set; } = "";

    public Dictionary<string, WorkloadResult.Refused> Refused { get; } = new(StringComparer.Ordinal);

    /// <summary>Another value is another digest at the same generation.</summary>
    public string Salt { get; set; } = "";

    public Exception? Failure { get; set; }

    /// <summary>Where its service listens.</summary>
    public int Port { get; set; } = 8080;

    public Dictionary<string, string> Secrets { get; } = new(StringComparer.Ordinal);

    public List<string> Forgotten { get; } = [];

    // As the real source does: what was resolved for a generation is kept.
    private readonly Dictionary<(string Id, long Generation, string Salt), InstanceWorkload> _resolved = [];

    public Task<WorkloadResult> ResolveAsync(InstanceSpec spec, CancellationToken cancellationToken)
    {
        if (Failure is not null)
            throw Failure;
        if (Refused.TryGetValue(spec.Id, out var refused))
            return Task.FromResult<WorkloadResult>(refused);
        lock (_resolved)
        {
            var key = (spec.Id, spec.Generation, Salt);
            if (!_resolved.TryGetValue(key, out var workload))
                _resolved.Add(key, workload = Make(spec));
            return Task.FromResult<WorkloadResult>(new WorkloadResult.Resolved(workload));
        }
    }

    /// <summary>Releases by which a secret is required that has no value.</summary>
    public HashSet<string> Lacking { get; } = new(StringComparer.Ordinal);

    public Task<bool> LacksSecretsAsync(InstanceSpec spec, string release, CancellationToken cancellationToken) => Task.FromResult(Lacking.Contains(release));

    public void Forget(string instanceId) => Forgotten.Add(instanceId);

    private InstanceWorkload Make(InstanceSpec spec)
    {
        var workload = new InstanceWorkload
        {
            Ref = new InstanceRef(spec.Id, spec.Slug, Owner),
            Labels = new WorkloadLabels(spec.Tenant, spec.Organization, spec.App, spec.Environment, "", Salt),
            Release = new ReleaseSource(spec.Release, "/src", null),
            Services =
            [
                new ServiceWorkload
                {
                    Name = "web",
                    Command = ["serve"],
                    Ports = [new PortWorkload("http", 8080, true)],
                    Volumes = [new VolumeWorkload("data", "/data", null)],
                },
            ],
            EntryPort = Port,
            Limits = new ResourceLimits(spec.Tier == "pro" ? 256_000_000 : 128_000_000, 0.25m, 0, 0, 64, 1_000_000_000),
            Egress = new EgressRules(EgressMode.None, []),
            Secrets = Secrets,
            Desired = spec.Desired,
            RestartNonce = spec.RestartNonce,
            Digest = "",
        };
        return workload with { Digest = WorkloadDigest.Of(workload) };
    }
}
