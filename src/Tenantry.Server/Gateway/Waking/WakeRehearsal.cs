using Microsoft.Extensions.Hosting;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>Rehearses a wake once, a moment after everything else has started, so that no start is slower for it.</summary>
internal sealed class WakeRehearsal(Waker waker, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(Moment, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stoppingToken.IsCancellationRequested)
            await waker.RehearseAsync().WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
