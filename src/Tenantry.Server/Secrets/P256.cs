using System.Security.Cryptography;

namespace Tenantry.Server.Secrets;

/// <summary>Keys of the curve P-256 as they are stored: an uncompressed point of 65 bytes, a private number of 32.</summary>
public static class P256
{
    public const int PointLength = 65;

    public static byte[] Point(ECDiffieHellman key)
    {
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        return [4, .. q.X!, .. q.Y!];
    }

    public static byte[] PrivateNumber(ECDiffieHellman key) => key.ExportParameters(includePrivateParameters: true).D!;

    /// <summary>A key from its halves; without the private one it only takes part as the other side.</summary>
    /// <exception cref="CryptographicException">The point is none of the curve, or the halves do not belong together.</exception>
    public static ECDiffieHellman Key(ReadOnlySpan<byte> point, byte[]? privateNumber = null)
    {
        if (point.Length != PointLength || point[0] != 4)
            throw new CryptographicException("This is not a point of P-256.");
        return ECDiffieHellman.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..65].ToArray() },
            D = privateNumber,
        });
    }
}
