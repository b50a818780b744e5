using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>Which key an engine starts with: the one that the store is used with, or none.</summary>
public static class EngineKeyStart
{
    /// <summary>The key, and the next one when a rotation was cut off; made anew for a store that was used with none.</summary>
    /// <exception cref="EngineKeyException">It is missing, damaged, or not the store's. Nothing was changed.</exception>
    public static async Task<EngineKeyRing> ClaimAsync(DataFolders folders, IStore store, bool accept, CancellationToken cancellationToken)
    {
        var known = await store.FindEngineKeyAsync(cancellationToken);
        var mayMake = known is null || accept;
        var key = mayMake && !File.Exists(folders.EngineKey) ? EngineKey.Create(folders.EngineKey) : EngineKey.Load(folders.EngineKey);
        var next = File.Exists(folders.NextEngineKey) ? EngineKey.Load(folders.NextEngineKey) : null;
        if (next is not null && known == EngineKey.MarkOf(next))
        {
            // Everything is under the next key already; only its file was not put in place any more.
            EngineKey.Promote(folders);
            key.Dispose();
            return new EngineKeyRing(next);
        }

        var mark = EngineKey.MarkOf(key);
        if (await store.ClaimEngineKeyAsync(mark, accept && known != mark, cancellationToken) == mark)
            return new EngineKeyRing(key, next);
        key.Dispose();
        next?.Dispose();
        throw new EngineKeyException(
            $"The store was used by an engine with another key than {folders.EngineKey}. If this is a control plane of its own, give it a store of its own. " +
            "If it shares the store with another one, give it a copy of that one's engine/engine.key. If that key is lost, start once with --accept-engine-key and set all secrets again. Nothing was changed.");
    }
}
