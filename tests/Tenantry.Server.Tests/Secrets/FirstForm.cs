using System.Security.Cryptography;
using System.Text;
using Tenantry.Server.Secrets;

namespace Tenantry.Server.Tests.Secrets;

/// <summary>Seals as the version before data keys did, byte for byte.</summary>
internal static class FirstForm
{
    public static byte[] Seal(ECDiffieHellman engine, string context, string value)
    {
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var point = P256.Point(ephemeral);
        var clear = Encoding.UTF8.GetBytes(value);
        var (nonce, tag, cipher) = (RandomNumberGenerator.GetBytes(12), new byte[16], new byte[clear.Length]);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, ephemeral.DeriveRawSecretAgreement(engine.PublicKey), 32, salt: point, info: "tenantry secret 1"u8.ToArray());
        using var aes = new AesGcm(key, 16);
        aes.Encrypt(nonce, clear, cipher, tag, Encoding.UTF8.GetBytes(context));
        return [1, .. point, .. nonce, .. tag, .. cipher];
    }
}
