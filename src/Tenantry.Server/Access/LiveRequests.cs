using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>
/// Requests that are under way, streams among them: those of a token that was revoked, of a session that ended or whose person may do something else by now, also by
/// another server of the same store, and of what has expired, are cut.
/// </summary>
public sealed class LiveRequests(IStore store, Sessions sessions, TimeProvider time, ILogger<LiveRequests> log)
    : RepeatedLook("Requests of callers who are no longer let in are not cut", TimeSpan.FromSeconds(2), time, log)
{
    private readonly ConcurrentDictionary<HttpContext, Caller> live = new();

    /// <summary>A request has been let in; <see cref="Leave"/> follows.</summary>
    public void Enter(HttpContext context, Caller caller) => live[context] = caller;

    /// <summary>It is over.</summary>
    public void Leave(HttpContext context) => live.TryRemove(context, out _);

    /// <summary>The request of that id ends what let it in, and is answered all the same.</summary>
    public void LetFinish(string requestId)
    {
        foreach (var request in live.Where(one => one.Key.TraceIdentifier == requestId))
            live.TryRemove(request);
    }

    /// <summary>Cuts what is not to go on.</summary>
    public async Task CutAsync(CancellationToken cancellationToken)
    {
        if (live.IsEmpty)
            return;
        var now = Time.GetUtcNow();
        var tokens = (await store.ListTokensAsync(cancellationToken)).Select(token => token.Hash).ToHashSet(StringComparer.Ordinal);
        foreach (var request in live)
        {
            var caller = request.Value;
            var isGood = (caller.ExpiresAt is null || caller.ExpiresAt > now) && caller.Through switch
            {
                CallerKind.Token => tokens.Contains(caller.Id),
                CallerKind.Session => await sessions.IsStillAsync(caller, cancellationToken),
                _ => true,
            };
            // The server uses a context again for the next request, which may be another caller's.
            if (!isGood && live.TryRemove(request))
                request.Key.Abort();
        }
    }

    /// <inheritdoc/>
    protected override Task LookOnceAsync(CancellationToken cancellationToken) => CutAsync(cancellationToken);
}
