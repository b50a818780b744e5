using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// A few unconnected sockets inside the networks of instances that are in use, made beforehand: new connections are quicker, and possible
/// while the engine is away.
/// </summary>
internal sealed class SocketStock(IEngineLink engine, SocketBudget sockets, ILogger log) : IDisposable
{
    private const int PerInstance = 2;
    private readonly ConcurrentDictionary<string, Shelf> shelves = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource closing = new();

    /// <summary>One that is counted already: whoever closes it gives it back.</summary>
    public async Task<SafeSocketHandle> TakeAsync(Route route, CancellationToken cancellationToken)
    {
        var shelf = shelves.GetOrAdd(route.Upstream, static (_, id) => new Shelf(id), route.InstanceId);
        if (!shelf.Sockets.TryPop(out var made))
        {
            await sockets.TakeAsync(route.InstanceId);
            made = await OpenAsync(route, cancellationToken);
        }

        _ = FillAsync(route, shelf);
        return made;
    }

    /// <summary>Throws away what is for other upstreams. A socket keeps its network in being, so it must not outlive its route.</summary>
    public void Keep(IReadOnlySet<string> upstreams)
    {
        foreach (var name in shelves.Keys.Where(name => !upstreams.Contains(name)))
        {
            if (shelves.TryRemove(name, out var shelf))
                Clear(shelf);
        }
    }

    /// <summary>Throws away what leads into the network that an instance had until now.</summary>
    public void Drop(string instanceId)
    {
        foreach (var name in shelves.Keys.Where(name => name.StartsWith(instanceId + "-", StringComparison.OrdinalIgnoreCase)))
        {
            if (shelves.TryRemove(name, out var shelf))
                Clear(shelf);
        }
    }

    public void Dispose()
    {
        closing.Cancel();
        Keep(new HashSet<string>(StringComparer.Ordinal));
        closing.Dispose();
    }

    private async Task FillAsync(Route route, Shelf shelf)
    {
        if (Interlocked.Exchange(ref shelf.IsFilling, 1) == 1)
            return;
        try
        {
            while (!shelf.IsGone && shelf.Sockets.Count < PerInstance && sockets.HasPlenty && sockets.TryTake(route.InstanceId))
                shelf.Sockets.Push(await OpenAsync(route, closing.Token));
        }
        catch (Exception failure) when (failure is EngineUnavailableException or TargetException or KeyNotFoundException or NotSupportedException or OperationCanceledException or ObjectDisposedException)
        {
            log.LogDebug("The stock of sockets for {Slug} stays as it is: {Reason}", route.Slug, failure.Message);
        }
        finally
        {
            Volatile.Write(ref shelf.IsFilling, 0);
        }

        if (shelf.IsGone)
            Clear(shelf);
    }

    private async Task<SafeSocketHandle> OpenAsync(Route route, CancellationToken cancellationToken)
    {
        try
        {
            return await engine.OpenSocketAsync(route.InstanceId, cancellationToken);
        }
        catch
        {
            sockets.Return(route.InstanceId);
            throw;
        }
    }

    private void Clear(Shelf shelf)
    {
        shelf.IsGone = true;
        while (shelf.Sockets.TryPop(out var made))
        {
            made.Dispose();
            sockets.Return(shelf.InstanceId);
        }
    }

    private sealed class Shelf(string instanceId)
    {
        public readonly string InstanceId = instanceId;
        public readonly ConcurrentStack<SafeSocketHandle> Sockets = new();
        public volatile bool IsGone;
        public int IsFilling;
    }
}
