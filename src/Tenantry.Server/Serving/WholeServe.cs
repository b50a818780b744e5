using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Serving;

/// <summary>One process plays all roles that were asked for.</summary>
internal static class WholeServe
{
    public static async Task RunAsync(ServeOptions options, ServeOutput output, ILoggerFactory loggers, CancellationToken stop)
    {
        // An engine that is root is asked by a web side that is not, in a process of its own.
        var web = Environment.IsPrivilegedProcess ? WebUser.Find(options.WebUser) : null;
        if (web is not null)
            ServeFolders.Prepare(options.Folders, web);
        else if (options.ShownFolder is null)
            ServeFolders.Prepare(options.Folders, options.Roles);
        using var held = new PassedLock(options.DataFolder, options.Roles);
        // Who takes over gets it from the one before, once it serves.
        if (!options.TakesOver)
            held.Take();
        await RunAsync(options, web, output, loggers, held, stop);
    }

    private static async Task RunAsync(ServeOptions options, WebUser? user, ServeOutput output, ILoggerFactory loggers, PassedLock held, CancellationToken stop)
    {
        await using var store = await OpenStoreAsync(options, loggers, stop);
        await using var engine = options.Roles.HasFlag(ServeRoles.Engine) ? await EngineRole.StartAsync(options, store, user, loggers, stop) : null;
        NextGateway? next = null;
        var log = loggers.CreateLogger("Tenantry.Serve");
        using var renewal = OnRenewal(() => Renew(options, next, log));
        await using var web = await WebRole.StartAsync(options, store, loggers, stop);
        web.WhenHandedOver(
            () =>
            {
                held.Leave();
                return web.StopApiAsync();
            },
            async () => held.TryTake() && await web.StartApiAgainAsync());
        // One before that hangs has it still. This one serves all the same.
        var holding = options.TakesOver && !held.TryTake() ? held.TakeLaterAsync(stop) : Task.CompletedTask;
        engine?.Begin(options.PublicUrl ?? web.Addresses.Gateway ?? new Uri($"http://{options.Gateway}"));
        if (options.Roles == ServeRoles.Gateway)
            next = new NextGateway(options, web.HandedOver, loggers.CreateLogger<NextGateway>());
        // Before the one before is told to end: if this one ends in between, the service's main process is seen to be gone.
        await ServiceManager.SayReadyAsync(log, stop);
        var settling = SettleAsync(holding, web, stop);
        if (holding.IsCompleted)
            await settling;
        if (web.Addresses is not { Api: null, ApiSocket: null, Gateway: null })
            await output.TellAsync(web.Addresses);
        var end = Task.WhenAny(web.HandedOver, Task.Delay(Timeout.InfiniteTimeSpan, stop));
        await await Task.WhenAny(end, settling);
        await end;
    }

    private static void Renew(ServeOptions options, NextGateway? next, ILogger log)
    {
        if (next is not null)
            next.Start();
        else if (options.Roles == ServeRoles.Gateway)
            log.LogWarning("SIGUSR2 came before this gateway serves: no next one is started");
        else
            log.LogWarning("SIGUSR2 replaces a gateway that serves alone (--role gateway), or the web side of a 'tenantry serve' of all roles that is root. This process plays other roles: stop and start it");
    }

    private static PosixSignalRegistration OnRenewal(Action start) => PosixSignalRegistration.Create(SplitServe.Renew, context =>
    {
        context.Cancel = true;
        start();
    });

    private static async Task SettleAsync(Task holding, WebRole web, CancellationToken stop)
    {
        await holding;
        await web.HoldAsync(stop);
    }

    // A gateway alone goes on with what it served before.
    private static async Task<IStore> OpenStoreAsync(ServeOptions options, ILoggerFactory loggers, CancellationToken stop)
    {
        try
        {
            return await StoreFactory.OpenAsync(options.Store, options.Folders, TimeProvider.System, stop);
        }
        catch (StoreUnavailableException away) when (options.Roles == ServeRoles.Gateway && File.Exists(options.Folders.Routes))
        {
            loggers.CreateLogger("Tenantry.Serve").LogWarning("{Reason} The gateway starts with the routes that it saved.", away.Message);
            return StoreFactory.OpenUnseen(options.Store, options.Folders, TimeProvider.System);
        }
    }
}
