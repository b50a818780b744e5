using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Networks;

/// <summary>Where a host sends what is for a range of addresses.</summary>
/// <param name="Interface">Through which interface.</param>
/// <param name="Range">The addresses.</param>
internal sealed record HostRoute(string Interface, IPNetwork Range)
{
    /// <summary>For a person.</summary>
    public override string ToString() => $"{Range} ({Interface})";
}

/// <summary>Routes of the engine's own network: a network of an instance that took addresses of one would cut the host off from what is there.</summary>
internal static class HostRoutes
{
    private const int Columns = 8;
    private const uint Rejected = 0x200;

    /// <summary>Those of the engine's network, when it is on this machine and can be seen; else none.</summary>
    internal static async Task<IReadOnlyList<HostRoute>> ReadAsync(IEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            return await engine.FindProcessAsync(cancellationToken) is { } process ? Parse(await File.ReadAllTextAsync($"/proc/{process}/net/route", cancellationToken)) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException)
        {
            // The engine ended meanwhile, or is another user's.
            return [];
        }
    }

    /// <summary>
    /// Reads the kernel's table. Without the way to everywhere, with which every network overlaps, without what leads nowhere, and without our own bridges, which the engine
    /// tells of as networks. Pure.
    /// </summary>
    internal static IReadOnlyList<HostRoute> Parse(string table)
    {
        var routes = new List<HostRoute>();
        foreach (var parts in table.Split('\n').Skip(1).Select(line => line.Split('\t', StringSplitOptions.TrimEntries)).Where(parts => parts.Length >= Columns))
        {
            var mask = BinaryPrimitives.ReverseEndianness(Hex(parts[7]));
            var isOurs = parts[0].StartsWith(DockerNames.BridgePrefix, StringComparison.Ordinal);
            if (mask == 0 || isOurs || (Hex(parts[3]) & Rejected) != 0)
                continue;
            var address = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(address, Hex(parts[1]));
            routes.Add(new HostRoute(parts[0], new IPNetwork(new IPAddress(address), (int)uint.LeadingZeroCount(~mask))));
        }

        return [.. routes.Distinct()];
    }

    /// <summary>Those that share addresses with a range.</summary>
    internal static IEnumerable<HostRoute> Touching(this IEnumerable<HostRoute> routes, IPNetwork range) =>
        routes.Where(route => route.Range.Contains(range.BaseAddress) || range.Contains(route.Range.BaseAddress));

    private static uint Hex(string text) => uint.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
