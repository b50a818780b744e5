using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>Which key an engine starts with: the one that the store is used with, or none.</summary>
public static class EngineKeyStart
{
    /// <summary>The key, and the next one when a rotation was cut off; made anew for a store that was used with none.</summary>
    /// <exception cref="EngineKeyException">It is missing, damaged, or not the store's. Nothing was changed.</exception>
    /// <param name="folders">Where the key's file is.</param>
    /// <param name="credential">A key that the service manager hands over, which counts in place of the file; or null.</param>
    /// <param name="store">Whose values are under it.</param>
    /// <param name="accept">Go on with this key although the store was used with another one.</param>
    /// <param name="log">Is told when the credential is older than the key in use.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<EngineKeyRing> ClaimAsync(DataFolders folders, string? credential, IStore store, bool accept, ILogger log, CancellationToken cancellationToken)
    {
        var known = await store.FindEngineKeyAsync(cancellationToken);
        var key = Find(folders, credential, known, mayMake: known is null || accept, log);
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
            $"The store was used by an engine with another key than {credential ?? folders.EngineKey}. If this is a control plane of its own, give it a store of its own. " +
            "If it shares the store with another one, give it a copy of that one's engine/engine.key. If that key is lost, start once with --accept-engine-key and set all secrets again. Nothing was changed.");
    }

    // A rotation writes the next key into the folder, where it counts until somebody puts it in the credential's place.
    private static ECDiffieHellman Find(DataFolders folders, string? credential, string? known, bool mayMake, ILogger log)
    {
        if (credential is null)
            return mayMake && !File.Exists(folders.EngineKey) ? EngineKey.Create(folders.EngineKey) : EngineKey.Load(folders.EngineKey);
        var handed = EngineKey.LoadCredential(credential);
        if (known is null || EngineKey.MarkOf(handed) == known || !File.Exists(folders.EngineKey))
            return handed;
        var rotated = EngineKey.Load(folders.EngineKey);
        if (EngineKey.MarkOf(rotated) != known)
        {
            rotated.Dispose();
            return handed;
        }

        handed.Dispose();
        log.LogWarning("The credential {Credential} is the engine's key of before a rotation; {File} is used. Put that in the credential's place and remove it", credential, folders.EngineKey);
        return rotated;
    }
}
