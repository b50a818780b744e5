using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>Tokens for the API on TCP: 256 random bits, of which the store holds the SHA-256 alone.</summary>
public sealed class ApiTokens(IStore store, TimeProvider time)
{
    private const string Prefix = "ten_";
    private const string Scheme = "Bearer ";
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, DateTimeOffset> used = new(StringComparer.Ordinal);

    /// <summary>Makes one; its text is not to be had again.</summary>
    public async Task<(ApiToken Token, string Text)> CreateAsync(string name, TimeSpan? lifetime, Role role, string organization, CancellationToken cancellationToken)
    {
        var text = Prefix + RandomText.New();
        var now = time.GetUtcNow();
        var token = new ApiToken(name, RandomText.Hash(text), now, lifetime is null ? null : now + lifetime, role, organization);
        await store.AddTokenAsync(token, cancellationToken);
        return (token, text);
    }

    /// <summary>The caller to whom the header's token belongs; anything else is a 401.</summary>
    public async Task<Caller> AdmitAsync(string authorization, CancellationToken cancellationToken)
    {
        if (!authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || !authorization.AsSpan(Scheme.Length).StartsWith(Prefix))
            throw Unauthorized("The Authorization header holds no token of this server; expected 'Bearer ten_…'.");
        var hash = RandomText.Hash(authorization[Scheme.Length..]);
        var token = await store.FindTokenAsync(hash, cancellationToken);
        if (token is null || !RandomText.AreSame(token.Hash, hash))
            throw Unauthorized("This token is not known: it was revoked, or belongs to another server.");
        if (token.ExpiresAt <= time.GetUtcNow())
            throw Unauthorized($"The token '{token.Name}' has expired.", token.Name);
        await UseAsync(token, cancellationToken);
        return new Caller(token.Name, CallerKind.Token, Grants.Of(token.Role, token.Organization)) { Id = token.Hash, ExpiresAt = token.ExpiresAt };
    }

    // To the minute: a request is not to cost a write each time.
    private async Task UseAsync(ApiToken token, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var last = used.GetValueOrDefault(token.Hash, token.LastUsedAt ?? DateTimeOffset.MinValue);
        if (now - last < Minute)
            return;
        used[token.Hash] = now;
        await store.UseTokenAsync(token.Hash, now, cancellationToken);
    }

    /// <param name="detail">For whoever asked.</param>
    /// <param name="actor">For the audit: whose credential it was, when that is known.</param>
    internal static ProblemException Unauthorized(string detail, string? actor = null) => new(StatusCodes.Status401Unauthorized, ProblemCodes.Unauthorized, detail) { Actor = actor };

    /// <summary>For the audit: which token was shown, told as of one that is good, so that rows of before and after its end are found together. Empty for anything else.</summary>
    internal static string ThroughOf(string? authorization) =>
        authorization?.StartsWith(Scheme + Prefix, StringComparison.OrdinalIgnoreCase) == true ? $"token {RandomText.Hash(authorization[Scheme.Length..])[..Caller.Beginning]}" : "";
}
