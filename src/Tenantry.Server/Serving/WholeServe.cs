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
            ServeFolders.Prepare(options.Folders);
        // Who takes over gets the lock from the one before, once it serves.
        var held = options.TakesOver ? null : ServeLock.Take(options.DataFolder, options.Roles);
        try
        {
            await RunAsync(options, web, output, loggers, lockFile => held = lockFile, () => held?.Dispose(), stop);
        }
        finally
        {
            held?.Dispose();
        }
    }

    private static async Task RunAsync(ServeOptions options, WebUser? user, ServeOutput output, ILoggerFactory loggers, Action<ServeLock> hold, Action letGo, CancellationToken stop)
    {
        await using var store = await OpenStoreAsync(options, loggers, stop);
        await using var engine = options.Roles.HasFlag(ServeRoles.Engine) ? await EngineRole.StartAsync(options, store, user, loggers, stop) : null;
        await using var web = await WebRole.StartAsync(options, store, loggers, stop);
        if (options.TakesOver)
            hold(ServeLock.Take(options.DataFolder, options.Roles));
        web.WhenHandedOver(() =>
        {
            letGo();
            return Task.CompletedTask;
        });
        engine?.Begin(options.PublicUrl ?? web.Addresses.Gateway ?? new Uri($"http://{options.Gateway}"));
        if (web.Addresses is not { Api: null, ApiSocket: null, Gateway: null })
            await output.TellAsync(web.Addresses);
        await Task.WhenAny(web.HandedOver, Task.Delay(Timeout.InfiniteTimeSpan, stop));
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
