using System.Threading.Channels;

namespace Tenantry.Server.Reconciling;

/// <summary>Ids of instances that should be looked at now: specs that were written, processes that ended.</summary>
public sealed class Pokes
{
    private readonly Channel<string> _ids = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });

    public void Add(string instanceId) => _ids.Writer.TryWrite(instanceId);

    /// <summary>What has gathered, each id once.</summary>
    internal IReadOnlySet<string> Take()
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        while (_ids.Reader.TryRead(out var id))
            ids.Add(id);
        return ids;
    }

    internal Task WaitAsync(CancellationToken cancellationToken) => _ids.Reader.WaitToReadAsync(cancellationToken).AsTask();
}
