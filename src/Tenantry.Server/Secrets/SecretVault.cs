using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>The engine's side of secrets: it alone makes data keys and opens what is sealed to them.</summary>
public sealed class SecretVault(IStore store, EngineKeyRing keys, TimeProvider time, ILogger<SecretVault> log)
{
    /// <summary>The public half of a holder's data key, which is made when there is none. Values sealed to it can be opened here.</summary>
    public async Task<byte[]> EnsureKeyAsync(string holder, CancellationToken cancellationToken)
    {
        if (await store.FindDataKeyAsync(holder, cancellationToken) is { } known)
            return known.Public;
        using var made = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return (await store.AddDataKeyAsync(keys.Wrap(holder, made, time.GetUtcNow()), cancellationToken)).Public;
    }

    /// <summary>A fresh value at a place that has none, or the one that somebody else made meanwhile.</summary>
    public async Task<SealedSecret> MakeAsync(SecretPlace place, string keyHolder, GeneratedSecret wanted, CancellationToken cancellationToken) =>
        await store.AddSecretAsync(await SealAsync(place, keyHolder, SecretGenerator.Make(wanted), cancellationToken), cancellationToken);

    /// <summary>A value that the engine made or was given, sealed and not yet written.</summary>
    public async Task<NewSecret> SealAsync(SecretPlace place, string keyHolder, string value, CancellationToken cancellationToken)
    {
        // Not to the stored public half: the web side can write the store, and what it cannot read must not be sealed to a key of its choice.
        await EnsureKeyAsync(keyHolder, cancellationToken);
        using var key = await KeyAsync(keyHolder, cancellationToken);
        return new NewSecret(place, keyHolder, SecretSealer.Seal(key.PublicKey, SecretSealer.Context(place), value), Generated: true);
    }

    /// <summary>Values by name.</summary>
    /// <exception cref="SecretUnreadableException">One cannot be opened.</exception>
    public async Task<Dictionary<string, string>> OpenAsync(IEnumerable<SealedSecret> secrets, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var opened = new Dictionary<string, ECDiffieHellman>(StringComparer.Ordinal);
        try
        {
            foreach (var secret in secrets)
            {
                try
                {
                    if (!opened.TryGetValue(secret.KeyHolder, out var key))
                        opened.Add(secret.KeyHolder, key = await KeyAsync(secret.KeyHolder, cancellationToken));
                    values[secret.Place.Name] = SecretSealer.Open(key, SecretSealer.Context(secret.Place), secret.Value);
                }
                catch (CryptographicException failure)
                {
                    throw new SecretUnreadableException(secret.Place, failure);
                }
            }

            return values;
        }
        finally
        {
            foreach (var key in opened.Values)
                key.Dispose();
        }
    }

    /// <summary>What is in force for an instance, sealed to a key that whoever asks has the private half of.</summary>
    public async Task<IReadOnlyList<ExportedSecret>> ExportAsync(InstanceSpec spec, Manifest manifest, byte[] recipient, CancellationToken cancellationToken)
    {
        using var key = ECDiffieHellman.Create();
        key.ImportSubjectPublicKeyInfo(recipient, out _);
        var nearest = NearestSecrets.Of(manifest, await store.ListSecretsAsync(spec, cancellationToken));
        var values = await OpenAsync(nearest.Values, cancellationToken);
        return [.. values.Select(value => new ExportedSecret(value.Key, nearest[value.Key].Place.Scope, SecretSealer.Seal(key.PublicKey, ExportedSecret.Context(spec.App, value.Key), value.Value)))];
    }

    /// <summary>Brings secrets that an older version sealed to the engine's key itself under their data keys. What cannot be opened stays as it is.</summary>
    public async Task AdoptAsync(CancellationToken cancellationToken)
    {
        foreach (var secret in await store.ListSecretsInFormAsync(SecretSealer.FirstForm, cancellationToken))
        {
            try
            {
                var value = keys.OpenFirstForm(secret);
                await EnsureKeyAsync(secret.KeyHolder, cancellationToken);
                using var key = await KeyAsync(secret.KeyHolder, cancellationToken);
                await store.ResealSecretAsync(secret, SecretSealer.Seal(key.PublicKey, SecretSealer.Context(secret.Place), value), cancellationToken);
            }
            catch (CryptographicException)
            {
                log.LogWarning("Secret {Name} of {Holder} was sealed to another engine key and stays unreadable until it is set anew", secret.Place.Name, secret.Place.Holder);
            }
        }
    }

    private async Task<ECDiffieHellman> KeyAsync(string holder, CancellationToken cancellationToken) => keys.Unwrap(
        await store.FindDataKeyAsync(holder, cancellationToken) ?? throw new CryptographicException($"There is no data key of {holder}."));
}

/// <summary>A value that left the control plane, readable by whoever has the private half of the export's key.</summary>
public sealed record ExportedSecret(string Name, SecretScope Scope, byte[] Sealed)
{
    /// <summary>What the seal is bound to.</summary>
    public static string Context(string app, string name) => $"export/{app}/{name}";
}

/// <summary>A stored secret cannot be opened.</summary>
public sealed class SecretUnreadableException(SecretPlace place, Exception cause) : Exception(
    $"Secret '{place.Name}' cannot be opened with this engine's key: it was sealed to another key or changed in the store. Put the right key back, or set the secret anew", cause)
{
    public SecretPlace Place { get; } = place;
}
