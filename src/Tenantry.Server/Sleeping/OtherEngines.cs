using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Sleeping;

/// <summary>
/// Says to the other engines on the same store that this one is there, and knows them. What their gateways see is not seen here: an instance that they
/// may serve, too, is not known to be idle.
/// </summary>
public sealed class OtherEngines(IStore store, string node, TimeProvider time, ILogger<OtherEngines> log)
    : RepeatedLook("Other engines are not looked for", TimeSpan.FromSeconds(15), time, log)
{
    private const string Prefix = "engine/";
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

    /// <inheritdoc/>
    protected override Task LookOnceAsync(CancellationToken cancellationToken) => LookAsync(cancellationToken);
}
