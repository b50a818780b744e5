using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>Requests of tokens that are under way, streams and sessions among them: those of a token that was revoked or has expired are cut.</summary>
public sealed class LiveRequests : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<HttpContext, string> live = new();
    private readonly IStore store;
    private readonly TimeProvider time;
    private readonly ILogger<LiveRequests> log;
    private readonly ITimer timer;

    /// <summary>Looks every 2 seconds, as long as there are requests: a token may be revoked by another server of the same store.</summary>
    public LiveRequests(IStore store, TimeProvider time, ILogger<LiveRequests> log)
    {
        (this.store, this.time, this.log) = (store, time, log);
        timer = time.CreateTimer(static requests => _ = ((LiveRequests)requests!).LookAsync(), this, Look, Look);
    }

    /// <summary>A request has been let in; <see cref="Leave"/> follows.</summary>
    public void Enter(HttpContext context, string hash) => live[context] = hash;

    /// <summary>It is over.</summary>
    public void Leave(HttpContext context) => live.TryRemove(context, out _);

    /// <summary>Cuts what is not to go on.</summary>
    public async Task CutAsync(CancellationToken cancellationToken)
    {
        if (live.IsEmpty)
            return;
        var now = time.GetUtcNow();
        var good = (await store.ListTokensAsync(cancellationToken)).Where(token => token.ExpiresAt is null || token.ExpiresAt > now).Select(token => token.Hash).ToHashSet(StringComparer.Ordinal);
        foreach (var (context, hash) in live)
        {
            if (!good.Contains(hash) && live.TryRemove(context, out _))
                context.Abort();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private async Task LookAsync()
    {
        try
        {
            await CutAsync(CancellationToken.None);
        }
        catch (Exception failure) when (failure is StoreUnavailableException or ObjectDisposedException)
        {
            log.LogDebug(failure, "Whether tokens are still good could not be looked up");
        }
    }
}
