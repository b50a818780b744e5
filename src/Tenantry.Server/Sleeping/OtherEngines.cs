using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Sleeping;

/// <summary>
/// Says to the other engines on the same store that this one is there, and knows them. What their gateways see is not seen here: an instance that they
/// may serve, too, is not known to be idle.
/// </summary>
public sealed class OtherEngines(IStore store, string node, TimeProvider time, ILogger<OtherEngines> log) : BackgroundService
{
    private const string Prefix = "engine/";
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(60);
    private volatile IReadOnlyList<string> names = [];

    /// <summary>Nodes of the others that are there, or were a minute ago.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>Says it and looks once.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await store.TryAcquireLeaseAsync(Prefix + node, node, Lasts, cancellationToken);
        names = [.. (await store.ListLeasesAsync(Prefix, cancellationToken)).Select(key => key[Prefix.Length..]).Where(name => name != node)];
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException away)
            {
                log.LogDebug(away, "Other engines are not looked for while the store is away");
            }

            await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
