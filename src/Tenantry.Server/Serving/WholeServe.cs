using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Serving;

/// <summary>One process plays all roles that were asked for.</summary>
internal static class WholeServe
{
    public static async Task RunAsync(ServeOptions options, ServeOutput output, ILoggerFactory loggers, CancellationToken stop)
    {
        ServeFolders.Prepare(options.Folders);
        using var held = ServeLock.Take(options.DataFolder, options.Roles);
        await using var store = await StoreFactory.OpenAsync(options.Store, options.Folders, TimeProvider.System, stop);
        await using var engine = options.Roles.HasFlag(ServeRoles.Engine) ? await EngineRole.StartAsync(options, store, null, loggers, stop) : null;
        await using var web = await WebRole.StartAsync(options, store, loggers, stop);
        engine?.Begin(web.Addresses.Gateway ?? new Uri($"http://{options.Gateway}"));
        if (web.Addresses is not { Api: null, ApiSocket: null, Gateway: null })
            await output.TellAsync(web.Addresses);
        await Task.Delay(Timeout.InfiniteTimeSpan, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
