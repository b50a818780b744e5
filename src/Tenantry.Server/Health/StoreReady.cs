using Tenantry.Server.Store;

namespace Tenantry.Server.Health;

/// <summary>The database answers.</summary>
internal sealed class StoreReady(IStore store) : IReadyCheck
{
    public string Name => "store";

    public async Task<string?> WhyNotAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.PingAsync(cancellationToken);
            return null;
        }
        catch (StoreUnavailableException)
        {
            return "the database does not answer";
        }
    }
}
