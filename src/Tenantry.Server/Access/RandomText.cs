using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Tenantry.Server.Access;

/// <summary>256 random bits as text, of which the store holds the SHA-256 alone.</summary>
internal static class RandomText
{
    private const int RandomBytes = 32;

    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public static bool AreSame(string a, string b) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
