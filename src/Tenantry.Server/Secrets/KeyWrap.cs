using System.Security.Cryptography;
using System.Text;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>
/// Puts the private half of a data key under the engine's key, and its holder and public half with it: what opens was made by an engine with this key, for
/// this holder. Form: version 1 (1 byte), nonce (12), tag (16), ciphertext (32).
/// </summary>
public static class KeyWrap
{
    private const byte FormVersion = 1;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int NumberLength = 32;
    private const int Length = 1 + NonceLength + TagLength + NumberLength;

    public static byte[] Wrap(ECDiffieHellman engineKey, string holder, ECDiffieHellman dataKey)
    {
        var box = new byte[Length];
        box[0] = FormVersion;
        RandomNumberGenerator.Fill(box.AsSpan(1, NonceLength));
        var number = P256.PrivateNumber(dataKey);
        using var cipher = Cipher(engineKey);
        cipher.Encrypt(box.AsSpan(1, NonceLength), number, box.AsSpan(1 + NonceLength + TagLength), box.AsSpan(1 + NonceLength, TagLength), Bound(holder, P256.Point(dataKey)));
        CryptographicOperations.ZeroMemory(number);
        return box;
    }

    /// <summary>The data key.</summary>
    /// <exception cref="CryptographicException">It is under another engine key, another's, or was changed.</exception>
    public static ECDiffieHellman Unwrap(ECDiffieHellman engineKey, DataKey stored)
    {
        if (stored.Wrapped.Length != Length || stored.Wrapped[0] != FormVersion)
            throw new CryptographicException("This is not a data key of a known form.");
        var box = stored.Wrapped.AsSpan();
        var number = new byte[NumberLength];
        using var cipher = Cipher(engineKey);
        cipher.Decrypt(box.Slice(1, NonceLength), box[(1 + NonceLength + TagLength)..], box.Slice(1 + NonceLength, TagLength), number, Bound(stored.Holder, stored.Public));
        var key = P256.Key(stored.Public, number);
        CryptographicOperations.ZeroMemory(number);
        return key;
    }

    private static AesGcm Cipher(ECDiffieHellman engineKey)
    {
        var number = P256.PrivateNumber(engineKey);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, number, 32, salt: null, info: "tenantry data keys 1"u8.ToArray());
        CryptographicOperations.ZeroMemory(number);
        return new AesGcm(key, TagLength);
    }

    private static byte[] Bound(string holder, byte[] point) => [.. Encoding.UTF8.GetBytes(holder), 0, .. point];
}
