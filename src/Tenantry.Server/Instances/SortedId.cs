using System.Security.Cryptography;

namespace Tenantry.Server.Instances;

/// <summary>Ids that sort by the time they were made: 20 lower-case letters and digits, of which 10 are milliseconds and 10 are random.</summary>
internal static class SortedId
{
    private const string Digits = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int TimeLength = 10;
    private const int RandomLength = 10;

    public static string New(TimeProvider time)
    {
        var milliseconds = time.GetUtcNow().ToUnixTimeMilliseconds();
        Span<byte> random = stackalloc byte[RandomLength];
        RandomNumberGenerator.Fill(random);
        Span<char> id = stackalloc char[TimeLength + RandomLength];
        for (var i = TimeLength - 1; i >= 0; i--, milliseconds >>= 5)
            id[i] = Digits[(int)(milliseconds & 31)];
        for (var i = 0; i < RandomLength; i++)
            id[TimeLength + i] = Digits[random[i] & 31];
        return new string(id);
    }
}
