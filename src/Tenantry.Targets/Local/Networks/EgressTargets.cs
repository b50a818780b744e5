using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Local.Networks;

/// <summary>Turns the texts of a list into networks and ports. Names are resolved here, and the instance is told what they mean, so that it asks no name server.</summary>
internal static class EgressTargets
{
    /// <summary>Openings, and the addresses of each name.</summary>
    internal static async Task<(IReadOnlyList<EgressOpening> Openings, IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> Names)> ResolveAsync(IReadOnlyList<string> allowed, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken cancellationToken)
    {
        var openings = new List<EgressOpening>();
        var names = new SortedDictionary<string, IReadOnlyList<IPAddress>>(StringComparer.Ordinal);
        foreach (var text in allowed)
        {
            var (place, port) = Split(text);
            if (IPNetwork.TryParse(place.Contains('/', StringComparison.Ordinal) ? place : $"{place}/32", out var network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
            {
                openings.Add(new EgressOpening(network, port));
                continue;
            }

            // What a name leads to is up to whoever owns it: only what is written as an address or a network opens what is not the internet.
            var addresses = await AddressesAsync(place.TrimEnd('.'), resolve, cancellationToken);
            names[place.TrimEnd('.')] = addresses;
            openings.AddRange(addresses.Select(address => new EgressOpening(new IPNetwork(address, 32), port)));
        }

        return (openings, names);
    }

    /// <summary>True for a host's name, false for an address or a network.</summary>
    internal static bool IsName(string text) => Split(text) is var (place, _) && !place.Contains('/', StringComparison.Ordinal) && !IPAddress.TryParse(place, out _);

    internal static (string Place, int? Port) Split(string text)
    {
        if (IsIpv6(text))
            throw new TargetException($"Egress to {text} is IPv6, which a local target does not let out.", retryable: false, fix: "Take it out of the manifest's egress list.");
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (text, null) : (text[..colon], int.Parse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture));
    }

    /// <summary>True for an address or network of IPv6, which no local target lets out.</summary>
    internal static bool IsIpv6(string text) => text.Count(character => character == ':') > 1;

    private static async Task<IReadOnlyList<IPAddress>> AddressesAsync(string name, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken cancellationToken)
    {
        try
        {
            var found = await resolve(name, cancellationToken);
            List<IPAddress> addresses = [.. found.Where(address => address.AddressFamily == AddressFamily.InterNetwork).OrderBy(address => $"{address}", StringComparer.Ordinal)];
            if (addresses.Count == 0)
                throw new TargetException($"{name}, to which egress is allowed, has no IPv4 address.", retryable: true);
            List<IPAddress> open = [.. addresses.Where(address => !EgressRuleset.IsClosed(address))];
            return open.Count > 0 ? open : throw new TargetException(
                $"{name}, to which egress is allowed, leads to {string.Join(", ", addresses)}: a name opens no private address.", retryable: true, fix: "Write the address or its network into the manifest's egress list, if it is meant.");
        }
        catch (SocketException error)
        {
            throw new TargetException($"{name}, to which egress is allowed, cannot be resolved: {error.Message}.", retryable: true, cause: error);
        }
    }
}
