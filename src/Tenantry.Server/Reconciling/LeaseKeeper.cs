using Tenantry.Server.Store;

namespace Tenantry.Server.Reconciling;

/// <summary>Prolongs a lease while the work under it goes on; cancels the work when the lease is lost, or can no longer be known to be held.</summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly IStore _store;
    private readonly TimeSpan _time;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _lost = new();
    private readonly ITimer _timer;
    private Task _renewing = Task.CompletedTask;

    public LeaseKeeper(IStore store, Lease lease, TimeSpan time, TimeProvider clock)
    {
        _store = store;
        _time = time;
        _clock = clock;
        Lease = lease;
        _timer = clock.CreateTimer(_ => Renew(), null, time / 3, time / 3);
    }

    public Lease Lease { get; private set; }

    /// <summary>Cancelled when the lease is lost.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>A write was refused: somebody else works on it.</summary>
    public void Lose() => _lost.Cancel();

    /// <summary>
    /// Throws when the lease has run out or was lost. Asked before every step outside: a process that was stopped for a while, and goes on
    /// before its timers do, must not act on what is no longer its own.
    /// </summary>
    public void Require()
    {
        if (_lost.IsCancellationRequested || _clock.GetUtcNow() >= Lease.ExpiresAt)
            throw new LeaseLostException(Lease.Key);
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _renewing;
        _lost.Dispose();
    }

    private void Renew()
    {
        if (_renewing.IsCompleted && !_lost.IsCancellationRequested)
            _renewing = RenewAsync();
    }

    private async Task RenewAsync()
    {
        try
        {
            if (await _store.RenewLeaseAsync(Lease, _time, CancellationToken.None) is { } renewed)
                Lease = renewed;
            else
                Lose();
        }
        catch (Exception)
        {
            // The store is away. The lease is still ours until its end; the work must have stopped before that.
            if (_clock.GetUtcNow() + (_time / 3) >= Lease.ExpiresAt)
                Lose();
        }
    }
}
