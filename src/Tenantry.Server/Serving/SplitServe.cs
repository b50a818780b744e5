using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Serving;

/// <summary>The engine in this process, which is root; api and gateway in a child that is an ordinary user.</summary>
internal static class SplitServe
{
    // SIGUSR2, which asks nginx for the same. SIGHUP is a terminal's end.
    internal const PosixSignal Renew = (PosixSignal)12;

    public static async Task RunAsync(ServeOptions options, ServeOutput output, ILoggerFactory loggers, CancellationToken stop)
    {
        var user = WebUser.Find(options.WebUser);
        ServeFolders.Prepare(options.Folders, user);
        using var held = ServeLock.Take(Path.GetDirectoryName(options.Folders.EngineKey)!, ServeRoles.Engine);
        await using var store = await StoreFactory.OpenAsync(options.Store, options.Folders, TimeProvider.System, stop);
        await using var engine = await EngineRole.StartAsync(options, store, user, loggers, stop);
        await using var web = new WebProcess(options, user, loggers.CreateLogger<WebProcess>());
        var addresses = await web.StartAsync(stop);
        engine.Begin(options.PublicUrl ?? addresses.Gateway ?? new Uri($"http://{options.Gateway}"));
        using var renewal = PosixSignalRegistration.Create(Renew, context =>
        {
            context.Cancel = true;
            if (options.Roles.HasFlag(ServeRoles.Gateway))
                web.Renew();
        });
        await output.TellAsync(addresses);
        await ServiceManager.SayReadyAsync(loggers.CreateLogger("Tenantry.Serve"), stop);
        await web.KeepAsync(stop);
    }
}
