using System.Security.Cryptography;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>The engine's key in use, and during a rotation the next one: what is under either can be read, and what is written is under the next.</summary>
public sealed class EngineKeyRing(ECDiffieHellman present, ECDiffieHellman? next = null) : IDisposable
{
    private readonly Lock gate = new();
    private Half current = new(present);
    private Half? coming = next is null ? null : new Half(next);

    /// <summary>The mark of the key that everything is under when nothing is rotated.</summary>
    public string PresentMark
    {
        get
        {
            lock (gate)
                return current.Mark;
        }
    }

    /// <summary>The mark of the next key, or null.</summary>
    public string? NextMark
    {
        get
        {
            lock (gate)
                return coming?.Mark;
        }
    }

    /// <summary>Takes the key into use beside the present one, which stays until the rotation ends.</summary>
    public void Begin(ECDiffieHellman key)
    {
        lock (gate)
            coming = new Half(key);
    }

    /// <summary>The next key is the only one now.</summary>
    public void Finish()
    {
        lock (gate)
        {
            current.Key.Dispose();
            current = coming!;
            coming = null;
        }
    }

    /// <summary>A data key as it is stored.</summary>
    public DataKey Wrap(string holder, ECDiffieHellman dataKey, DateTimeOffset madeAt)
    {
        lock (gate)
        {
            var half = coming ?? current;
            return new DataKey(holder, P256.Point(dataKey), KeyWrap.Wrap(half.Key, holder, dataKey), half.Mark, madeAt);
        }
    }

    /// <summary>The data key of a stored one.</summary>
    /// <exception cref="CryptographicException">It is under none of these keys.</exception>
    public ECDiffieHellman Unwrap(DataKey stored)
    {
        lock (gate)
        {
            if (stored.EngineKey == current.Mark)
                return KeyWrap.Unwrap(current.Key, stored);
            return coming is not null && stored.EngineKey == coming.Mark
                ? KeyWrap.Unwrap(coming.Key, stored)
                : throw new CryptographicException("The data key is under an engine key that is not here.");
        }
    }

    /// <summary>Opens a secret of the first form, which was sealed to the engine's key itself.</summary>
    public string OpenFirstForm(SealedSecret secret)
    {
        lock (gate)
            return SecretSealer.Open(current.Key, SecretSealer.FirstContext(secret.Place), secret.Value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            current.Key.Dispose();
            coming?.Key.Dispose();
        }
    }

    private sealed record Half(ECDiffieHellman Key)
    {
        public string Mark { get; } = EngineKey.MarkOf(Key);
    }
}
