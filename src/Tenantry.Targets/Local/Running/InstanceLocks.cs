using System.Collections.Concurrent;

namespace Tenantry.Targets.Local.Running;

/// <summary>One worker at a time on an instance's processes: what the core asks for, and restarts after exits that nobody asked for.</summary>
internal sealed class InstanceLocks
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _locks = new(StringComparer.Ordinal);

    internal async Task<IDisposable> HoldAsync(string id, CancellationToken cancellationToken)
    {
        var one = _locks.GetOrAdd(id, _ => new SemaphoreSlim(1));
        await one.WaitAsync(cancellationToken);
        return new Held(one);
    }

    private sealed class Held(SemaphoreSlim one) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
                one.Release();
        }
    }
}
