using System.Security.Cryptography;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.Secrets;

/// <summary>Makes values for secrets that the manifest wants generated.</summary>
public static class SecretGenerator
{
    private const string PasswordCharacters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

    /// <summary>A fresh value: a token of so many random bytes in hexadecimal, a password of so many characters, or a PEM key pair.</summary>
    public static string Make(GeneratedSecret wanted) => wanted.Kind switch
    {
        GeneratedKind.Token => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(wanted.Length)),
        GeneratedKind.Password => RandomNumberGenerator.GetString(PasswordCharacters, wanted.Length),
        _ => KeyPair(),
    };

    private static string KeyPair()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem() + "\n" + key.ExportSubjectPublicKeyInfoPem() + "\n";
    }
}
