using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tenantry.Targets.Aws.Api;

/// <summary>Signs requests as AWS asks for (Signature Version 4). Pure.</summary>
internal static class SignatureV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Puts date, token and signature into the request's head. Its host and every header that counts must be set.</summary>
    internal static void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body, AwsKeys keys, string service, string region, DateTimeOffset now)
    {
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var day = time[..8];
        var digest = Convert.ToHexStringLower(SHA256.HashData(body));
        request.Headers.Host = request.RequestUri!.IsDefaultPort ? request.RequestUri.Host : $"{request.RequestUri.Host}:{request.RequestUri.Port}";
        request.Headers.Add("x-amz-date", time);
        request.Headers.Add("x-amz-content-sha256", digest);
        if (keys.Token is { Length: > 0 } token)
            request.Headers.Add("x-amz-security-token", token);

        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["host"] = request.Headers.Host };
        foreach (var (name, values) in request.Headers.Where(header => header.Key.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase)))
            headers[name.ToLowerInvariant()] = string.Join(',', values).Trim();
        if (request.Content?.Headers.ContentType is { } type)
            headers["content-type"] = type.ToString();
        var signed = string.Join(';', headers.Keys);
        var canonical = string.Join(
            '\n',
            request.Method.Method,
            Path(request.RequestUri, service),
            Query(request.RequestUri.Query),
            string.Concat(headers.Select(header => $"{header.Key}:{header.Value}\n")),
            signed,
            digest);
        var scope = $"{day}/{region}/{service}/aws4_request";
        var text = $"{Algorithm}\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Key(keys.Secret, day, region, service), Encoding.UTF8.GetBytes(text)));
        request.Headers.TryAddWithoutValidation("Authorization", $"{Algorithm} Credential={keys.Id}/{scope}, SignedHeaders={signed}, Signature={signature}");
    }

    /// <summary>As AWS escapes: everything but letters, digits and <c>-_.~</c>.</summary>
    internal static string Escape(string text) => Uri.EscapeDataString(text);

    private static byte[] Key(string secret, string day, string region, string service)
    {
        var key = HMACSHA256.HashData(Encoding.UTF8.GetBytes("AWS4" + secret), Encoding.UTF8.GetBytes(day));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(region));
        key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(service));
        return HMACSHA256.HashData(key, "aws4_request"u8);
    }

    // S3 takes the path as it is sent; every other service has it escaped once more, which for our paths changes nothing.
    private static string Path(Uri uri, string service) => service == "s3" || uri.AbsolutePath.Length <= 1 ? uri.AbsolutePath : uri.AbsolutePath.Replace("%", "%25", StringComparison.Ordinal);

    private static string Query(string query) => string.Join(
        '&',
        query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Contains('=', StringComparison.Ordinal) ? part : part + "=")
            .Order(StringComparer.Ordinal));
}

/// <summary>What a request is signed with.</summary>
/// <param name="Id">The access key's id.</param>
/// <param name="Secret">Never printed.</param>
/// <param name="Token">Of keys that end, or null.</param>
/// <param name="Ends">When they do, or null.</param>
internal sealed record AwsKeys(string Id, string Secret, string? Token, DateTimeOffset? Ends)
{
    /// <summary>Names the key and nothing secret of it.</summary>
    public override string ToString() => $"access key {Id}";
}
