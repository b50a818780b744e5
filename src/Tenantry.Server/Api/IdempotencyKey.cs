using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Access;

namespace Tenantry.Server.Api;

/// <summary>A caller's key for a request, and what the request was.</summary>
/// <param name="Key">The key, under its caller's name: two callers never meet.</param>
/// <param name="RequestHash">Digest of method, path, query and body.</param>
internal sealed record IdempotencyKey(string Key, string RequestHash)
{
    private const string Header = "Idempotency-Key";
    private const int Longest = 200;

    public static bool TryRead(HttpContext context, out IdempotencyKey key)
    {
        key = null!;
        var values = context.Request.Headers[Header];
        if (values.Count == 0)
            return false;
        if (values.Count > 1 || values[0] is not { Length: > 0 and <= Longest } text || text.Any(c => c is < '!' or > '~'))
            throw ProblemException.BadRequest($"{Header} is one key of 1 to {Longest} visible ASCII characters.");
        var request = $"{context.Request.Method}\n{context.Request.Path}{context.Request.QueryString}\n{context.Features.Get<BodyDigest>()?.Value}";
        key = new IdempotencyKey($"{Caller.Of(context).Id}\n{text}", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request))));
        return true;
    }
}
