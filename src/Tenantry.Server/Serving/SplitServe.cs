using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Serving;

/// <summary>The engine in this process, which is root; api and gateway in a child that is an ordinary user.</summary>
internal static class SplitServe
{
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
        await output.TellAsync(addresses);
        await web.KeepAsync(stop);
    }
}
