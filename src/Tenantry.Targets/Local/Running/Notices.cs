using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Tenantry.Targets.Local.Running;

/// <summary>Tells whoever listens that an instance should be looked at.</summary>
internal sealed class Notices
{
    private readonly Lock _gate = new();
    private readonly List<Channel<string>> _listeners = [];

    internal void Tell(string instanceId)
    {
        lock (_gate)
        {
            foreach (var listener in _listeners)
                listener.Writer.TryWrite(instanceId);
        }
    }

    internal async IAsyncEnumerable<string> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<string>();
        lock (_gate)
            _listeners.Add(channel);
        try
        {
            await foreach (var id in channel.Reader.ReadAllAsync(cancellationToken))
                yield return id;
        }
        finally
        {
            lock (_gate)
                _listeners.Remove(channel);
        }
    }
}
