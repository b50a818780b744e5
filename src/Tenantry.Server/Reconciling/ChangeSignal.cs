using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Tenantry.Server.Reconciling;

/// <summary>Tells whoever watches that something was written; several writes in quick succession may be told as one.</summary>
public sealed class ChangeSignal
{
    private readonly ConcurrentDictionary<Channel<long>, byte> watchers = new();
    private long count;

    /// <summary>Something was written.</summary>
    public void Raise()
    {
        var number = Interlocked.Increment(ref count);
        foreach (var watcher in watchers.Keys)
            watcher.Writer.TryWrite(number);
    }

    /// <summary>A value at once, and one after each raise, until cancelled.</summary>
    public async IAsyncEnumerable<long> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<long>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        watchers.TryAdd(channel, 0);
        try
        {
            yield return Interlocked.Read(ref count);
            await foreach (var number in channel.Reader.ReadAllAsync(cancellationToken))
                yield return number;
        }
        finally
        {
            watchers.TryRemove(channel, out _);
        }
    }
}
