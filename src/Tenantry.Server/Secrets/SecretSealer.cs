using System.Security.Cryptography;
using System.Text;

namespace Tenantry.Server.Secrets;

/// <summary>
/// Seals a value to the engine's public key: whoever has that key can write a secret, and only the engine can read one. The name of
/// the secret is bound into the seal, so that a sealed value put in another's place does not open.
/// Form: version 1 (1 byte), ephemeral P-256 point (65), nonce (12), tag (16), ciphertext.
/// </summary>
public static class SecretSealer
{
    private const byte FormVersion = 1;
    private const int PointLength = 65;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int HeaderLength = 1 + PointLength + NonceLength + TagLength;

    /// <summary>What a sealed secret is bound to.</summary>
    public static string Context(string instanceId, string name) => $"{instanceId}/{name}";

    /// <summary>Seals text for the holder of the private key.</summary>
    public static byte[] Seal(ECDiffieHellmanPublicKey recipient, string context, string value)
    {
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var point = Point(ephemeral.ExportParameters(false));
        var clear = Encoding.UTF8.GetBytes(value);
        var box = new byte[HeaderLength + clear.Length];
        box[0] = FormVersion;
        point.CopyTo(box, 1);
        var nonce = box.AsSpan(1 + PointLength, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(Key(ephemeral, recipient, point), TagLength);
        cipher.Encrypt(nonce, clear, box.AsSpan(HeaderLength), box.AsSpan(1 + PointLength + NonceLength, TagLength), Encoding.UTF8.GetBytes(context));
        CryptographicOperations.ZeroMemory(clear);
        return box;
    }

    /// <summary>Opens what was sealed to this key with the same context.</summary>
    /// <exception cref="CryptographicException">It was sealed to another key, for another secret, or was changed.</exception>
    public static string Open(ECDiffieHellman key, string context, ReadOnlySpan<byte> box)
    {
        if (box.Length < HeaderLength || box[0] != FormVersion)
            throw new CryptographicException("This is not a sealed secret of a known form.");
        var point = box.Slice(1, PointLength).ToArray();
        using var ephemeral = ECDiffieHellman.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = point[1..33], Y = point[33..65] },
        });
        var clear = new byte[box.Length - HeaderLength];
        using var cipher = new AesGcm(Key(key, ephemeral.PublicKey, point), TagLength);
        cipher.Decrypt(
            box.Slice(1 + PointLength, NonceLength),
            box[HeaderLength..],
            box.Slice(1 + PointLength + NonceLength, TagLength),
            clear,
            Encoding.UTF8.GetBytes(context));
        var text = Encoding.UTF8.GetString(clear);
        CryptographicOperations.ZeroMemory(clear);
        return text;
    }

    private static byte[] Point(ECParameters parameters) => [4, .. parameters.Q.X!, .. parameters.Q.Y!];

    private static byte[] Key(ECDiffieHellman mine, ECDiffieHellmanPublicKey theirs, byte[] point) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, mine.DeriveRawSecretAgreement(theirs), 32, salt: point, info: "tenantry secret 1"u8.ToArray());
}
