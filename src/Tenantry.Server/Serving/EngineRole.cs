using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;
using Tenantry.Server.LlmKeys;
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
    private readonly ILogger<EngineRole> log;
    private readonly EngineKeyRing keys;
    private readonly EngineSecrets secrets;
    private readonly TargetSet targets;
    private readonly ReconcileLoop loop;
    private readonly WakeDesk wakes;
    private readonly Sleeper sleeper;
    private readonly OtherEngines others;
    private readonly MovedTargets moved;
    private readonly LeftReleases leftReleases;
    private readonly IStore store;
    private readonly DataFolders folders;
    private readonly LlmProviderSet llmProviders;
    private readonly UsagePoll usage;
    private readonly bool isShared;
    private readonly string baseDomain;
    private InstanceUrls urls;
    private Task serving = Task.CompletedTask;
    private Task reconciling = Task.CompletedTask;

    private EngineRole(ServeOptions options, IStore store, EngineKeyRing keys, ILoggerFactory loggers, out LocalEngine engine)
    {
        baseDomain = options.BaseDomain;
        log = loggers.CreateLogger<EngineRole>();
        (this.store, folders) = (store, options.Folders);
        urls = new InstanceUrls(baseDomain, Uri.UriSchemeHttp, ServeAddresses.Parse(options.Gateway, "--gateway").Port);
        this.keys = keys;
        var pokes = new Pokes();
        var changes = new ChangeSignal();
        var metrics = new ReconcileMetrics();
        var gateways = new GatewayHub(TimeProvider.System);
        var wakeMetrics = new WakeMetrics();
        var settings = new ReconcilerOptions { Node = EngineNode.Of(options.Folders), WokenUnasked = (spec, wake) => wakeMetrics.WokenUnasked(spec.Target, spec.App, wake) };
        targets = new TargetSet(store, TargetCatalog.All, options.Folders, ServeFolders.RunFolder(options.Folders), settings.Node, pokes.Add, TimeProvider.System, loggers);
        var vault = new SecretVault(store, keys, TimeProvider.System, loggers.CreateLogger<SecretVault>());
        var workloads = new WorkloadSource(store, vault, new SourceFolders(options.Folders, store), () => urls);
        llmProviders = new LlmProviderSet(store, vault, TimeProvider.System);
        var llmKeys = new InstanceKeys(store, llmProviders, vault, TimeProvider.System);
        usage = new UsagePoll(store, llmProviders, changes, pokes.Add, TimeProvider.System, loggers.CreateLogger<UsagePoll>());
        var commands = new InstanceCommands(TimeProvider.System);
        var reconciler = new Reconciler(
            store, targets, workloads, changes, settings, TimeProvider.System, loggers.CreateLogger<Reconciler>(), CrashAt.FromEnvironment(), metrics, gateways, llmKeys, commands);
        wakes = new WakeDesk(store, reconciler, wakeMetrics, TimeProvider.System, loggers.CreateLogger<WakeDesk>());
        gateways.FirstByteSeen = wakes.Complete;
        var index = new SleepIndex(store);
        others = new OtherEngines(store, settings.Node, TimeProvider.System, loggers.CreateLogger<OtherEngines>());
        moved = new MovedTargets(store, targets, reconciler, TimeProvider.System, loggers.CreateLogger<MovedTargets>());
        leftReleases = new LeftReleases(store, targets, TimeProvider.System, loggers.CreateLogger<LeftReleases>());
        isShared = StoreFactory.IsShared(options.Store);
        secrets = new EngineSecrets(store, vault, new EngineRekey(store, options.Folders, keys, OthersAsync, CrashAtRekey.FromEnvironment(), loggers.CreateLogger<EngineRekey>()), options.ExportRecipients, loggers.CreateLogger<EngineSecrets>());
        sleeper = new Sleeper(
            store, index, targets, reconciler, gateways, commands, others, pokes.Add, new SleeperOptions(), TimeProvider.System, loggers.CreateLogger<Sleeper>());
        loop = new ReconcileLoop(store, reconciler, pokes, settings, TimeProvider.System, loggers.CreateLogger<ReconcileLoop>());
        engine = new LocalEngine(store, new InstanceLookup(store, index, targets, TimeProvider.System), targets, workloads, llmKeys, reconciler, new OrphanSweep(store, targets, TimeProvider.System), changes, pokes.Add, wakes, sleeper, gateways, commands, secrets, [metrics, wakeMetrics, new ProcessMetrics(ServerVersion.Text, "engine")]);
    }

    /// <summary>Starts to answer on the socket. Nothing is reconciled before <see cref="Begin"/>.</summary>
    public static async Task<EngineRole> StartAsync(ServeOptions options, IStore store, WebUser? web, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        // With another key it could read no secret and would break every instance that it changes.
        var keys = await EngineKeyStart.ClaimAsync(options.Folders, options.EngineCredential, store, options.AcceptsEngineKey, loggers.CreateLogger<EngineKeyRing>(), cancellationToken);
        var role = new EngineRole(options, store, keys, loggers, out var engine);
        await role.secrets.Rekey.ResumeAsync(cancellationToken);
        await role.secrets.Vault.AdoptAsync(cancellationToken);
        await role.llmProviders.AdoptAsync(cancellationToken);
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

    // Instances go on without an engine; where there is none, nothing goes on.
    private async Task RemoveTracesAsync()
    {
        try
        {
            if ((await store.ListInstancesAsync(new InstanceFilter(), new PageRequest(1), CancellationToken.None)).Items.Count == 0)
                DataFolderRemoval.RemoveRunFolderOfNobody(folders);
        }
        catch (Exception left) when (left is StoreUnavailableException or IOException or LinuxException)
        {
            log.LogDebug(left, "Something is left in {Folder}", ServeFolders.RunFolder(folders));
        }
    }

    private async Task<IReadOnlyList<string>> OthersAsync(CancellationToken cancellationToken)
    {
        if (!isShared)
            return [];
        await others.LookAsync(cancellationToken);
        return others.Names;
    }

    /// <summary>Starts to reconcile. Instances are told that they answer at that gateway.</summary>
    public void Begin(Uri gateway)
    {
        urls = new InstanceUrls(baseDomain, gateway.Scheme, gateway.Port);
        reconciling = loop.StartAsync(stopping.Token);
        if (isShared)
        {
            _ = others.StartAsync(stopping.Token);
            _ = moved.StartAsync(stopping.Token);
        }

        _ = sleeper.StartAsync(stopping.Token);
        _ = usage.StartAsync(stopping.Token);
        _ = leftReleases.StartAsync(stopping.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await reconciling;
        await loop.StopAsync(CancellationToken.None);
        await stopping.CancelAsync();
        await sleeper.StopAsync(CancellationToken.None);
        sleeper.Dispose();
        await usage.StopAsync(CancellationToken.None);
        usage.Dispose();
        await leftReleases.StopAsync(CancellationToken.None);
        leftReleases.Dispose();
        await others.StopAsync(CancellationToken.None);
        others.Dispose();
        await moved.StopAsync(CancellationToken.None);
        moved.Dispose();
        await serving;
        await wakes.DisposeAsync();
        await targets.DisposeAsync();
        await RemoveTracesAsync();
        loop.Dispose();
        llmProviders.Dispose();
        keys.Dispose();
        stopping.Dispose();
    }
}
