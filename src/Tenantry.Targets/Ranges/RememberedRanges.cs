using System.Net;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Ranges;

/// <summary>Ranges that are known as long as this object lives, for a target that is made without a store.</summary>
public sealed class RememberedRanges(TimeProvider time) : INetworkRanges
{
    private readonly Lock _gate = new();
    private readonly List<TakenRange> _taken = [];

    /// <inheritdoc/>
    public Task<IPNetwork?> FindAsync(string instanceId, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(Mine(instanceId)?.Range);
    }

    /// <inheritdoc/>
    public Task<IPNetwork> PeekAsync(RangeWish wish, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(RangePicker.Pick(wish, _taken, time.GetUtcNow()));
    }

    /// <inheritdoc/>
    public Task<IPNetwork> ClaimAsync(string instanceId, RangeWish wish, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (Mine(instanceId) is { } mine)
                return Task.FromResult(mine.Range);
            var range = RangePicker.Pick(wish, _taken, time.GetUtcNow());
            _taken.Add(new TakenRange(instanceId, range, null));
            return Task.FromResult(range);
        }
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(string instanceId, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (Mine(instanceId) is { } mine)
                _taken[_taken.IndexOf(mine)] = mine with { ReleasedAt = time.GetUtcNow() };
        }

        return Task.CompletedTask;
    }

    private TakenRange? Mine(string instanceId) => _taken.Find(one => one.InstanceId == instanceId && one.ReleasedAt is null);
}
