using System.Buffers.Binary;
using System.Net;

namespace Tenantry.Targets.Docker.Networks;

/// <summary>Cuts a range into networks of 16 addresses. Pure.</summary>
internal static class SubnetAllocator
{
    /// <summary>Length of the prefix of each network.</summary>
    internal const int PrefixLength = 28;

    private const uint Size = 1u << (32 - PrefixLength);

    /// <summary>How many networks the range holds.</summary>
    internal static int Capacity(IPNetwork range) => 1 << (PrefixLength - range.PrefixLength);

    /// <summary>
    /// The free networks of the range, in an order that begins at a place of <paramref name="seed"/>'s own, so that several who
    /// choose at once seldom choose the same.
    /// </summary>
    internal static IEnumerable<IPNetwork> Free(IPNetwork range, IReadOnlyList<IPNetwork> taken, uint seed)
    {
        var first = Number(range.BaseAddress);
        var count = (uint)Capacity(range);
        var spans = taken.Where(one => one.BaseAddress.AddressFamily == range.BaseAddress.AddressFamily)
            .Select(one => (First: Number(one.BaseAddress), Last: Last(one)))
            .ToList();
        for (uint i = 0; i < count; i++)
        {
            var start = first + (((seed % count) + i) % count * Size);
            if (!spans.Exists(span => start <= span.Last && span.First <= start + Size - 1))
                yield return new IPNetwork(Address(start), PrefixLength);
        }
    }

    private static uint Last(IPNetwork network) =>
        network.PrefixLength == 0 ? uint.MaxValue : Number(network.BaseAddress) + ((1u << (32 - network.PrefixLength)) - 1);

    private static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress Address(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
