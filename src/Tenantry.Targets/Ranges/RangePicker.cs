using System.Buffers.Binary;
using System.Net;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Ranges;

/// <summary>A range that is taken.</summary>
/// <param name="InstanceId">Whose.</param>
/// <param name="Range">Which.</param>
/// <param name="ReleasedAt">When it was given back; null while it is in use.</param>
public sealed record TakenRange(string InstanceId, IPNetwork Range, DateTimeOffset? ReleasedAt);

/// <summary>Chooses ranges. Pure.</summary>
public static class RangePicker
{
    /// <summary>The first free range of the pools. Throws a terminal <see cref="TargetException"/> when there is none.</summary>
    public static IPNetwork Pick(RangeWish wish, IReadOnlyList<TakenRange> taken, DateTimeOffset now)
    {
        var held = taken.Where(one => one.ReleasedAt is null || one.ReleasedAt + wish.Cooling > now).ToList();
        if (wish.Exactly is { } exactly)
        {
            var other = held.Find(one => one.ReleasedAt is null && Overlap(one.Range, exactly));
            return other is null ? exactly : throw new TargetException($"The network range {exactly} overlaps with {other.Range} of instance {other.InstanceId}.", retryable: false, fix: "Import it into a control plane of its own, or move one of them to another range.");
        }

        var spans = held.Select(one => (First: First(one.Range), Last: Last(one.Range))).OrderBy(span => span.First).ToList();
        var size = 1ul << (32 - wish.PrefixLength);
        foreach (var pool in wish.Pools)
        {
            ulong at = First(pool);
            while (at + size - 1 <= Last(pool))
            {
                // Past the farthest end of what is in the way, up to where a range of this size may begin.
                var blocking = spans.Where(span => at <= span.Last && span.First <= at + size - 1).Select(span => (ulong?)span.Last).Max();
                if (blocking is not { } last)
                    return new IPNetwork(Address((uint)at), wish.PrefixLength);
                at = (last / size * size) + size;
            }
        }

        var cooling = held.Where(one => one.ReleasedAt is not null && wish.Pools.Any(pool => Overlap(pool, one.Range))).ToList();
        throw new TargetException(
            $"No network range of the size /{wish.PrefixLength} is free in {string.Join(", ", wish.Pools)}: {held.Count - cooling.Count} in use, {cooling.Count} given back less than {wish.Cooling.TotalDays:0.#} days ago.",
            retryable: false,
            fix: cooling.Count > 0 ? $"Give the target more pools or smaller ranges, or wait until {cooling.Min(one => one.ReleasedAt + wish.Cooling):yyyy-MM-dd HH:mm} UTC." : "Give the target more pools or smaller ranges.");
    }

    /// <summary>True when an address is in both.</summary>
    public static bool Overlap(IPNetwork one, IPNetwork other) => First(one) <= Last(other) && First(other) <= Last(one);

    private static uint First(IPNetwork network) => BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes());

    private static uint Last(IPNetwork network) => (uint)(First(network) + ((1ul << (32 - network.PrefixLength)) - 1));

    private static IPAddress Address(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
