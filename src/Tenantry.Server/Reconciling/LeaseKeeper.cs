using Tenantry.Server.Store;

namespace Tenantry.Server.Reconciling;

/// <summary>Prolongs a lease while the work under it goes on; cancels the work when the lease is lost, or can no longer be known to be held.</summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly IStore _store;
    private readonly TimeSpan _time;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _done = new();
    private readonly Task _keeping;

    public LeaseKeeper(IStore store, Lease lease, TimeSpan time, TimeProvider clock)
    {
        _store = store;
        _time = time;
        _clock = clock;
        Lease = lease;
        _keeping = KeepAsync();
    }

    public Lease Lease { get; private set; }

    /// <summary>Cancelled when the lease is lost.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>A write was refused: somebody else works on it.</summary>
    public void Lose()
    {
        if (!_lost.IsCancellationRequested)
            _lost.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync();
        await _keeping;
        _done.Dispose();
        _lost.Dispose();
    }

    private async Task KeepAsync()
    {
        while (true)
        {
            await Task.Delay(_time / 3, _clock, _done.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_done.IsCancellationRequested)
                return;
            try
            {
                if (await _store.RenewLeaseAsync(Lease, _time, _done.Token) is not { } renewed)
                {
                    Lose();
                    return;
                }
                Lease = renewed;
            }
            catch (OperationCanceledException) when (_done.IsCancellationRequested)
            {
                return;
            }
            catch (Exception)
            {
                // The store is away. The lease is still ours until its end; the work must have stopped before that.
                if (_clock.GetUtcNow() + (_time / 3) >= Lease.ExpiresAt)
                {
                    Lose();
                    return;
                }
            }
        }
    }
}
