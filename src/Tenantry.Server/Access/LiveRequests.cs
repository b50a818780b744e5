using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>
/// Requests of tokens that are under way, streams and sessions among them: those of a token that was revoked, also by another server of the same store, or
/// has expired are cut.
/// </summary>
public sealed class LiveRequests(IStore store, TimeProvider time, ILogger<LiveRequests> log)
    : RepeatedLook("Requests of tokens that are no longer good are not cut", TimeSpan.FromSeconds(2), time, log)
{
    private readonly ConcurrentDictionary<HttpContext, string> live = new();

    /// <summary>A request has been let in; <see cref="Leave"/> follows.</summary>
    public void Enter(HttpContext context, string hash) => live[context] = hash;

    /// <summary>It is over.</summary>
    public void Leave(HttpContext context) => live.TryRemove(context, out _);

    /// <summary>Cuts what is not to go on.</summary>
    public async Task CutAsync(CancellationToken cancellationToken)
    {
        if (live.IsEmpty)
            return;
        var now = Time.GetUtcNow();
        var good = (await store.ListTokensAsync(cancellationToken)).Where(token => token.ExpiresAt is null || token.ExpiresAt > now).Select(token => token.Hash).ToHashSet(StringComparer.Ordinal);
        foreach (var request in live)
        {
            // The server uses a context again for the next request, which may be another token's.
            if (!good.Contains(request.Value) && live.TryRemove(request))
                request.Key.Abort();
        }
    }

    /// <inheritdoc/>
    protected override Task LookOnceAsync(CancellationToken cancellationToken) => CutAsync(cancellationToken);
}
