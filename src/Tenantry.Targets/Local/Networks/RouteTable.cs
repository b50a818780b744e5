using System.Globalization;
using System.Net;

namespace Tenantry.Targets.Local.Networks;

/// <summary>Reads <c>/proc/net/route</c>.</summary>
internal static class RouteTable
{
    /// <summary>Interfaces through which the kernel would send to any of these addresses.</summary>
    internal static IReadOnlyList<string> LinksTo(string table, IEnumerable<IPAddress> addresses)
    {
        var routes = table.Split('\n').Skip(1).Select(line => line.Split('\t', StringSplitOptions.TrimEntries)).Where(fields => fields.Length >= 8)
            .Select(fields => (Link: fields[0], To: Number(fields[1]), Mask: Number(fields[7]))).ToList();
        return [.. addresses.Select(address => Link(routes, BitConverter.ToUInt32(address.GetAddressBytes()))).OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>True when what has no other route goes through that interface.</summary>
    internal static bool HasDefault(string table, string link) =>
        table.Split('\n').Select(line => line.Split('\t', StringSplitOptions.TrimEntries)).Any(fields => fields.Length >= 8 && fields[0] == link && fields[1] == "00000000" && fields[7] == "00000000");

    private static string? Link(List<(string Link, uint To, uint Mask)> routes, uint address)
    {
        var fitting = routes.Where(route => (address & route.Mask) == route.To).ToList();
        return fitting.Count == 0 ? null : fitting.MaxBy(route => uint.PopCount(route.Mask)).Link;
    }

    private static uint Number(string hex) => uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
