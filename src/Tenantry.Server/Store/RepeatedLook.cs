using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Store;

/// <summary>
/// Looks at the store at once and then again and again, until it is stopped. While the store is away it waits for the next look; a look that breaks off for
/// another reason is told as an error, and the next one is made all the same.
/// </summary>
/// <param name="what">What is not done while the store is away, as the beginning of a sentence.</param>
/// <param name="every">Time between the end of a look and the next one.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
public abstract class RepeatedLook(string what, TimeSpan every, TimeProvider time, ILogger log) : BackgroundService
{
    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <summary>The log.</summary>
    protected ILogger Log => log;

    /// <summary>Time from the end of this look to the next one; the constructor's unless a look knows better.</summary>
    protected virtual TimeSpan Pause => every;

    /// <summary>One look.</summary>
    protected abstract Task LookOnceAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookOnceAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException away)
            {
                log.LogDebug(away, "{What} while the store is away", what);
            }
            catch (Exception failure)
            {
                log.LogError(failure, "{What} this time: the look broke off. It is made again", what);
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
