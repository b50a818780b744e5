using System.Security.Cryptography;
using System.Text;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>
/// Seals a value to a public key: whoever has that key can write a secret, and only who has the private half can read one. The place of
/// the secret is bound into the seal, so that a sealed value put in another's place does not open.
/// Form: version (1 byte), ephemeral P-256 point (65), nonce (12), tag (16), ciphertext. Version 1 was sealed to the engine's key, version 2 is
/// sealed to a data key or to the key of an export.
/// </summary>
public static class SecretSealer
{
    public const byte FirstForm = 1;
    public const byte Form = 2;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int HeaderLength = 1 + P256.PointLength + NonceLength + TagLength;

    /// <summary>What a sealed secret is bound to.</summary>
    public static string Context(SecretPlace place) => $"{place.Scope}/{place.Holder}/{place.App}/{place.Name}";

    /// <summary>What one of the first form is bound to.</summary>
    public static string FirstContext(SecretPlace place) => $"{place.Holder}/{place.Name}";

    /// <summary>Seals text for the holder of the private key.</summary>
    public static byte[] Seal(ECDiffieHellmanPublicKey recipient, string context, string value)
    {
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var point = P256.Point(ephemeral);
        var clear = Encoding.UTF8.GetBytes(value);
        var box = new byte[HeaderLength + clear.Length];
        box[0] = Form;
        point.CopyTo(box, 1);
        var nonce = box.AsSpan(1 + P256.PointLength, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(Key(ephemeral, recipient, point, Form), TagLength);
        cipher.Encrypt(nonce, clear, box.AsSpan(HeaderLength), box.AsSpan(1 + P256.PointLength + NonceLength, TagLength), Encoding.UTF8.GetBytes(context));
        CryptographicOperations.ZeroMemory(clear);
        return box;
    }

    /// <summary>The same for a public half as it is stored.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> recipient, string context, string value)
    {
        using var key = P256.Key(recipient);
        return Seal(key.PublicKey, context, value);
    }

    /// <summary>Opens what was sealed to this key with the same context.</summary>
    /// <exception cref="CryptographicException">It was sealed to another key, for another secret, or was changed.</exception>
    public static string Open(ECDiffieHellman key, string context, ReadOnlySpan<byte> box)
    {
        if (box.Length < HeaderLength || box[0] is not (FirstForm or Form))
            throw new CryptographicException("This is not a sealed secret of a known form.");
        var point = box.Slice(1, P256.PointLength).ToArray();
        using var ephemeral = P256.Key(point);
        var clear = new byte[box.Length - HeaderLength];
        using var cipher = new AesGcm(Key(key, ephemeral.PublicKey, point, box[0]), TagLength);
        cipher.Decrypt(
            box.Slice(1 + P256.PointLength, NonceLength),
            box[HeaderLength..],
            box.Slice(1 + P256.PointLength + NonceLength, TagLength),
            clear,
            Encoding.UTF8.GetBytes(context));
        var text = Encoding.UTF8.GetString(clear);
        CryptographicOperations.ZeroMemory(clear);
        return text;
    }

    private static byte[] Key(ECDiffieHellman mine, ECDiffieHellmanPublicKey theirs, byte[] point, byte form) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, mine.DeriveRawSecretAgreement(theirs), 32, salt: point, info: Encoding.UTF8.GetBytes($"tenantry secret {form}"));
}
