using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Serving;

/// <summary>Api and gateway in the process that a privileged engine started; it ends with its engine, or when the next one has taken over.</summary>
internal static class WebChild
{
    public static async Task RunAsync(ServeOptions options, ServeOutput output, ILoggerFactory loggers, CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _ = EndWithEngineAsync(ending);
        await using var store = await StoreFactory.OpenUpgradedAsync(options.Store, options.Folders, TimeProvider.System, ending.Token);
        await using var web = await WebRole.StartAsync(options, store, loggers, ending.Token);
        web.WhenHandedOver(web.StopApiAsync, web.StartApiAgainAsync);
        await web.HoldAsync(ending.Token);
        await output.TellAsync(web.Addresses);
        await Task.WhenAny(web.HandedOver, Task.Delay(Timeout.InfiniteTimeSpan, ending.Token));
    }

    // The engine holds the other end of standard input for as long as it lives.
    private static async Task EndWithEngineAsync(CancellationTokenSource ending)
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[1];
        while (await input.ReadAsync(buffer) > 0)
        {
            // Nothing is ever said on it.
        }

        await ending.CancelAsync();
    }
}
