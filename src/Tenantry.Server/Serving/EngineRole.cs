using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;
using Tenantry.Server.Metrics;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Secrets;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Sources;
using Tenantry.Server.Store;
using Tenantry.Server.Workloads;
using Tenantry.Targets;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>The engine put together: reconciler, targets, the secrets' private key, and the socket that api and gateway ask on.</summary>
internal sealed class EngineRole : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly ECDiffieHellman key;
    private readonly TargetSet targets;
    private readonly ReconcileLoop loop;
    private readonly WakeDesk wakes;
    private readonly Sleeper sleeper;
    private readonly OtherEngines others;
    private readonly bool isShared;
    private readonly string baseDomain;
    private InstanceUrls urls;
    private Task serving = Task.CompletedTask;
    private Task reconciling = Task.CompletedTask;

    private EngineRole(ServeOptions options, IStore store, ECDiffieHellman key, ILoggerFactory loggers, out LocalEngine engine)
    {
        baseDomain = options.BaseDomain;
        urls = new InstanceUrls(baseDomain, Uri.UriSchemeHttp, ServeAddresses.Parse(options.Gateway, "--gateway").Port);
        this.key = key;
        var pokes = new Pokes();
        var changes = new ChangeSignal();
        var metrics = new ReconcileMetrics();
        var gateways = new GatewayHub(TimeProvider.System);
        var settings = new ReconcilerOptions { Node = EngineNode.Of(options.Folders) };
        targets = new TargetSet(store, TargetCatalog.All, options.Folders, ServeFolders.RunFolder(options.Folders), settings.Node, pokes.Add, TimeProvider.System, loggers);
        var workloads = new WorkloadSource(store, key, new SourceFolders(options.Folders), () => urls);
        var reconciler = new Reconciler(
            store, targets, workloads, changes, settings, TimeProvider.System, loggers.CreateLogger<Reconciler>(), CrashAt.FromEnvironment(), metrics, gateways);
        var wakeMetrics = new WakeMetrics();
        wakes = new WakeDesk(store, reconciler, wakeMetrics, TimeProvider.System, loggers.CreateLogger<WakeDesk>());
        gateways.FirstByteSeen = wakes.Complete;
        var index = new SleepIndex(store);
        others = new OtherEngines(store, settings.Node, TimeProvider.System, loggers.CreateLogger<OtherEngines>());
        isShared = StoreFactory.IsShared(options.Store);
        sleeper = new Sleeper(
            store, index, targets, gateways, others, pokes.Add, new SleeperOptions(), TimeProvider.System, loggers.CreateLogger<Sleeper>());
        loop = new ReconcileLoop(store, reconciler, pokes, settings, TimeProvider.System, loggers.CreateLogger<ReconcileLoop>());
        engine = new LocalEngine(store, new InstanceLookup(store, index, targets, TimeProvider.System), targets, workloads, reconciler, new OrphanSweep(store, targets, TimeProvider.System), changes, pokes.Add, wakes, sleeper, gateways, [metrics, wakeMetrics, new ProcessMetrics(ServerVersion.Text, "engine")]);
    }

    /// <summary>Starts to answer on the socket. Nothing is reconciled before <see cref="Begin"/>.</summary>
    public static async Task<EngineRole> StartAsync(ServeOptions options, IStore store, WebUser? web, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var key = await ClaimKeyAsync(options, store, cancellationToken);
        var role = new EngineRole(options, store, key, loggers, out var engine);
        var users = new HashSet<uint> { 0, CurrentUser.Id };
        if (web is not null)
            users.Add(web.Id);
        var server = new EngineServer(engine, options.Folders.EngineSocket, users, loggers.CreateLogger<EngineServer>());
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        role.serving = server.RunAsync(listening.SetResult, role.stopping.Token);
        await Task.WhenAny(listening.Task, role.serving).WaitAsync(cancellationToken);
        if (role.serving.IsFaulted)
            await role.serving;
        return role;
    }

    // With another key it could read no secret and would break every instance that it changes.
    private static async Task<ECDiffieHellman> ClaimKeyAsync(ServeOptions options, IStore store, CancellationToken cancellationToken)
    {
        var key = EngineKey.LoadOrCreate(options.Folders);
        var mark = EngineKey.MarkOf(key);
        if (await store.ClaimEngineKeyAsync(mark, options.AcceptsEngineKey, cancellationToken) == mark)
            return key;
        key.Dispose();
        throw new EngineKeyException(
            $"The store was used by an engine with another key than {options.Folders.EngineKey}. If this is a control plane of its own, give it a store of its own. " +
            "If it shares the store with another one, give it a copy of that one's engine/engine.key. If that key is lost, start once with --accept-engine-key and set all secrets again. Nothing was changed.");
    }

    /// <summary>Starts to reconcile. Instances are told that they answer at that gateway.</summary>
    public void Begin(Uri gateway)
    {
        urls = new InstanceUrls(baseDomain, gateway.Scheme, gateway.Port);
        reconciling = loop.StartAsync(stopping.Token);
        if (isShared)
            _ = others.StartAsync(stopping.Token);
        _ = sleeper.StartAsync(stopping.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await reconciling;
        await loop.StopAsync(CancellationToken.None);
        await stopping.CancelAsync();
        await sleeper.StopAsync(CancellationToken.None);
        sleeper.Dispose();
        await others.StopAsync(CancellationToken.None);
        others.Dispose();
        await serving;
        await wakes.DisposeAsync();
        await targets.DisposeAsync();
        loop.Dispose();
        key.Dispose();
        stopping.Dispose();
    }
}
