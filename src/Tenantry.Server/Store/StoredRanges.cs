using System.Net;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Store;

/// <summary>Network ranges as targets ask for them, kept in the store: engines that share it never give one twice.</summary>
internal sealed class StoredRanges(IStore store) : INetworkRanges
{
    public Task<IPNetwork?> FindAsync(string instanceId, CancellationToken cancellationToken) => store.FindRangeAsync(instanceId, cancellationToken);

    public Task<IPNetwork> PeekAsync(RangeWish wish, CancellationToken cancellationToken) => store.PeekRangeAsync(wish, cancellationToken);

    public Task<IPNetwork> ClaimAsync(string instanceId, RangeWish wish, CancellationToken cancellationToken) => store.ClaimRangeAsync(instanceId, wish, cancellationToken);

    public Task ReleaseAsync(string instanceId, CancellationToken cancellationToken) => store.ReleaseRangeAsync(instanceId, cancellationToken);
}
