using System.Collections.Concurrent;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Running;

/// <summary>
/// One worker at a time on an instance's processes: what the core asks for, and restarts after exits that nobody asked for. Holds
/// between processes too: a control plane that is being replaced may still watch what its successor takes over.
/// </summary>
internal sealed class InstanceLocks(string folder, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _locks = new(StringComparer.Ordinal);

    internal async Task<IDisposable> HoldAsync(string id, CancellationToken cancellationToken)
    {
        var one = _locks.GetOrAdd(id, _ => new SemaphoreSlim(1));
        await one.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(folder);
            return new Held(one, await FileLock.TakeAsync(Path.Combine(folder, id), time, cancellationToken));
        }
        catch
        {
            one.Release();
            throw;
        }
    }

    private sealed class Held(SemaphoreSlim one, FileLock file) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) != 0)
                return;
            file.Dispose();
            one.Release();
        }
    }
}
