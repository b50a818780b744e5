using System.Net;

namespace Tenantry.Targets.Abstractions;

/// <summary>Gives each instance a network range that no other has, for targets whose instances have networks of their own. Safe for several who ask at once.</summary>
public interface INetworkRanges
{
    /// <summary>What a range is claimed as that no instance has: one of something else, which no instance is to meet.</summary>
    static string Reserved(string name) => $"reserved:{name}";

    /// <summary>The range of an instance, or null when it has none. Changes nothing.</summary>
    Task<IPNetwork?> FindAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>The range that would be given next. Another may be given it first. Throws a terminal <see cref="TargetException"/> when none is free.</summary>
    Task<IPNetwork> PeekAsync(RangeWish wish, CancellationToken cancellationToken);

    /// <summary>
    /// The range of an instance, given to it now when it had none: never one that overlaps with one in use, or with one that was given back less than
    /// <see cref="RangeWish.Cooling"/> ago. Throws a terminal <see cref="TargetException"/> when none is free, or when <see cref="RangeWish.Exactly"/> is another's.
    /// </summary>
    Task<IPNetwork> ClaimAsync(string instanceId, RangeWish wish, CancellationToken cancellationToken);

    /// <summary>Gives it back. None is none.</summary>
    Task ReleaseAsync(string instanceId, CancellationToken cancellationToken);
}

/// <summary>Which range is wanted.</summary>
/// <param name="Pools">Where it may lie, in order.</param>
/// <param name="PrefixLength">Its size.</param>
/// <param name="Cooling">Time that one that was given back stays away.</param>
/// <param name="Exactly">This one and no other, as of what was made before; null for any.</param>
public sealed record RangeWish(IReadOnlyList<IPNetwork> Pools, int PrefixLength, TimeSpan Cooling, IPNetwork? Exactly = null);
