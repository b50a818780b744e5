using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Events;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Handover;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Instances;
using Tenantry.Server.Metrics;
using Tenantry.Server.Store;
using Tenantry.Targets;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>Api and gateway put together. It asks the engine on its socket alone, also when that is in the same process.</summary>
internal sealed class WebRole : IAsyncDisposable
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(8);

    // Nobody waits for a gateway that was taken over: long answers and WebSockets may end in peace.
    private static readonly TimeSpan HandoverDrainTime = TimeSpan.FromMinutes(1);

    // Longer than clients that are at work pause between two requests.
    private static readonly TimeSpan HandoverLinger = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ApiHandoverTime = TimeSpan.FromSeconds(2);
    private readonly List<BackgroundService> services = [];
    private readonly List<IMetricSource> metrics = [];
    private GatewayServer? gateway;
    private BackgroundService? webhooks;
    private WebApplication? api;
    private InstanceConnector? connector;
    private Forwarders? forwarder;
    private GatewayDoors? doors;
    private CertificateFolder? certificates;
    private HandoverDesk? desk;
    private TakeOver? before;
    private Func<Task>? startApi;
    private OwnMetrics? ownMetrics;
    private Waker? waker;

    private WebRole()
    {
    }

    /// <summary>Completes when the next gateway has taken over.</summary>
    public Task HandedOver => desk?.HandedOver ?? Task.Delay(Timeout.Infinite);

    /// <summary>
    /// The first is called when the next gateway takes over, before this one drains; the second when that has ended before it held what was let go of: false when it
    /// cannot be had again.
    /// </summary>
    public void WhenHandedOver(Func<Task> letGo, Func<Task<bool>> takeBack)
    {
        if (desk is null)
            return;
        desk.LetGo = letGo;
        desk.TakeBack = takeBack;
    }

    /// <summary>This one holds all that it needs: one that it takes over from can drain and end, and the next one may come.</summary>
    public async Task HoldAsync(CancellationToken cancellationToken)
    {
        await (before?.HoldAsync(cancellationToken) ?? Task.CompletedTask);
        before?.Dispose();
        before = null;
        desk?.Start();
    }

    /// <summary>The api, or what tells the metrics of a gateway alone, lets go of its addresses. What is asked of it just then is answered, what streams is cut.</summary>
    public async Task StopApiAsync()
    {
        using var drain = new CancellationTokenSource(ApiHandoverTime);
        await (ownMetrics?.StopAsync(drain.Token) ?? Task.CompletedTask);
        if (api is null)
            return;
        await api.StopAsync(drain.Token);
        await api.DisposeAsync();
        api = null;
    }

    /// <summary>After <see cref="StopApiAsync"/>, on the addresses that it had.</summary>
    public async Task<bool> StartApiAgainAsync()
    {
        await (startApi?.Invoke() ?? Task.CompletedTask);
        return true;
    }

    /// <summary>Where it listens.</summary>
    public ServeAddresses Addresses { get; private set; } = new(null, null, null);

    public static async Task<WebRole> StartAsync(ServeOptions options, IStore store, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var web = new WebRole();
        if ((options.Roles & (ServeRoles.Api | ServeRoles.Gateway)) == ServeRoles.None)
            return web;
        var engine = new EngineClient(options.Folders.EngineSocket);
        var feed = new ChangeFeed(store, engine, TimeProvider.System, loggers.CreateLogger<ChangeFeed>());
        var index = new InstanceIndex(store, () => EngineNode.Find(options.Folders));
        await web.StartAsync(feed, cancellationToken);
        web.metrics.AddRange([new InstanceMetrics(index), new ProcessMetrics(ServerVersion.Text, "web")]);
        if (options.Roles.HasFlag(ServeRoles.Gateway))
            await web.StartGatewayAsync(options, engine, feed, index, loggers, cancellationToken);
        if (options.Roles.HasFlag(ServeRoles.Api))
            await (web.startApi = () => web.StartApiAsync(options, store, engine, feed, loggers, cancellationToken))();
        else if (options.Metrics is { } address)
            await web.StartMetricsAsync(new OwnMetrics(ServeAddresses.Parse(address, "--metrics"), web.metrics, engine, loggers), options.TakesOver, cancellationToken);
        AddressesFile.Write(options.Folders.Addresses, web.Addresses, options.Roles);
        if (web.waker is not null)
            await web.StartAsync(new WakeRehearsal(web.waker, TimeProvider.System), cancellationToken);
        return web;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var isHandedOver = desk?.HandedOver.IsCompleted == true;
        using var drain = new CancellationTokenSource(isHandedOver ? HandoverDrainTime : DrainTime);
        // All at once: neither keeps its port while the other waits for a long request, and a webhook that an app works on has the same time as the requests.
        await Task.WhenAll(
            gateway?.StopAsync(isHandedOver ? HandoverLinger : TimeSpan.Zero, drain.Token) ?? Task.CompletedTask,
            api?.StopAsync(drain.Token) ?? Task.CompletedTask,
            webhooks?.StopAsync(drain.Token) ?? Task.CompletedTask);
        foreach (var service in services)
        {
            await service.StopAsync(CancellationToken.None);
            service.Dispose();
        }

        if (gateway is not null)
            await gateway.DisposeAsync();
        if (api is not null)
            await api.DisposeAsync();
        if (ownMetrics is not null)
            await ownMetrics.DisposeAsync();
        forwarder?.Dispose();
        connector?.Dispose();
        certificates?.Dispose();
        if (desk is not null)
            await desk.DisposeAsync();
        before?.Dispose();
        doors?.Dispose();
    }

    private async Task StartGatewayAsync(
        ServeOptions options, IEngineLink engine, ChangeFeed feed, InstanceIndex index, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var inside = connector = new InstanceConnector(engine, new SocketBudget(SocketBudget.MostOfThisProcess), loggers.CreateLogger<InstanceConnector>());
        var waking = new WakingParts(engine, new WakingOptions(), inside.Drop, TimeProvider.System, loggers);
        var routes = new Routes
        {
            Swapped = table =>
            {
                inside.Forget(table);
                waking.Gates.Follow(table);
            },
        };
        var follower = new RouteFeed(routes, index, feed, options.BaseDomain, options.Folders.Routes, TimeProvider.System, loggers.CreateLogger<RouteFeed>());
        await StartAsync(follower, cancellationToken);
        await follower.Loaded.WaitAsync(cancellationToken);
        await StartAsync(waking.Attendance, cancellationToken);
        var settings = new ForwarderOptions { TrustedProxies = GatewayOptions.TrustedProxies(options) };
        forwarder = new Forwarders(inside, settings, loggers);
        waking.Attendance.Rested = forwarder.Rest;
        webhooks = waking.KeepWebhooks(
            options.Folders.Webhooks, routes, forwarder, () => follower.IsWhole, TimeProvider.System, loggers.CreateLogger("Tenantry.Server.Gateway.Webhooks"), CrashAtWebhook.FromEnvironment());
        certificates = GatewayOptions.Certificates(options, loggers);
        var plain = ServeAddresses.Parse(options.Gateway, "--gateway");
        var tls = options.GatewayTls is { } text ? ServeAddresses.Parse(text, "--gateway-tls") : null;
        before = options.TakesOver ? await TakeOver.BeginAsync(DeskOf(options), TakeOver.Patience, cancellationToken) : null;
        doors = before?.Doors ?? await PortInUse.WaitAsync(() => Task.FromResult(GatewayDoors.Open(plain, tls)), IsPatient(options), cancellationToken);
        gateway = new GatewayServer(routes, waking.Room, forwarder, doors, certificates, settings, loggers);
        await gateway.StartAsync(cancellationToken);
        if (before is not null && !await before.FinishAsync(cancellationToken))
            loggers.CreateLogger<TakeOver>().LogWarning("The gateway before does not say that it has let go; this one serves all the same. If it hangs, end it");
        await StartAsync(webhooks, cancellationToken);
        waker = waking.Waker;
        if (options.Roles == ServeRoles.Gateway || options.IsWebChild)
            desk = new HandoverDesk(doors, DeskOf(options), TimeProvider.System, loggers.CreateLogger<HandoverDesk>());

        metrics.Add(gateway.Counts);
        metrics.Add(new RouteAge(routes, TimeProvider.System));
        Addresses = Addresses with { Gateway = doors.Address, GatewayTls = doors.TlsAddress };
    }

    private async Task StartApiAsync(
        ServeOptions options, IStore store, IEngineLink engine, ChangeFeed feed, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        // Of a gateway that is another process; a list asks for it with each of its instances.
        var elsewhere = new RecentAddresses(options.Folders.Addresses, TimeProvider.System);
        var address = options.Api == "unix" ? null : ServeAddresses.Parse(Addresses.Api?.Authority ?? options.Api, "--api");
        var parts = new ApiParts
        {
            Store = store,
            StoreIsShared = StoreFactory.IsShared(options.Store),
            Engine = engine,
            Feed = feed,
            Settings = new ApiSettings
            {
                BaseDomain = options.BaseDomain,
                Gateway = () => options.PublicUrl ?? Addresses.Gateway ?? elsewhere.Read()?.Gateway ?? new Uri($"http://{options.Gateway}"),
                Api = () => options.ApiUrl ?? Addresses.Api,
                TrustedProxies = GatewayOptions.TrustedProxies(options),
                Version = ServerVersion.Text,
                StartedAt = TimeProvider.System.GetUtcNow(),
            },
            Folders = options.Folders,
            TargetKinds = TargetCatalog.All,
            Time = TimeProvider.System,
            LoggerFactory = loggers,
            Socket = options.Folders.ApiSocket,
            // The web side of a privileged engine shares its user with strangers ("nobody"): there root alone may ask.
            SocketUsers = options.ShownFolder is not null ? new HashSet<uint>() : new HashSet<uint> { CurrentUser.Id },
            Address = address,
            Oidc = options.Oidc,
            Metrics = metrics,
            Pages = options.Pages,
        };
        api = await PortInUse.WaitAsync(
            () => PortInUse.ListenAsync(
                address,
                () =>
                {
                    // What a process that was killed left.
                    File.Delete(options.Folders.ApiSocket);
                    return ApiHost.Build(parts with { Metrics = [.. metrics] });
                },
                cancellationToken),
            IsPatient(options),
            cancellationToken);
        // The kernel says who connects; the mode keeps nobody out who may ask and lets nobody in who may not.
        File.SetUnixFileMode(options.Folders.ApiSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var listens = api.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var tcp = address is null ? null : listens.Select(text => new Uri(text)).FirstOrDefault(uri => uri.Scheme == Uri.UriSchemeHttp && uri.Port > 0 && uri.Host != "unix");
        Addresses = Addresses with { Api = tcp, ApiSocket = new DataFolders(options.ShownFolder ?? options.DataFolder).ApiSocket };
    }

    private Task StartMetricsAsync(OwnMetrics own, bool takesOver, CancellationToken cancellationToken)
    {
        ownMetrics = own;
        startApi = () =>
        {
            own.Try();
            return Task.CompletedTask;
        };
        return takesOver ? startApi() : own.StartAsync(cancellationToken);
    }

    private static string DeskOf(ServeOptions options) => options.IsWebChild ? options.Folders.Renewal : options.Folders.Handover;

    // The first one on a data folder follows nobody whose port it could inherit.
    private static bool IsPatient(ServeOptions options) => options.IsWebChild && File.Exists(options.Folders.Addresses);

    private async Task StartAsync(BackgroundService service, CancellationToken cancellationToken)
    {
        services.Insert(0, service);
        await service.StartAsync(cancellationToken);
    }
}
