using System.Globalization;
using System.Net;
using System.Text;

namespace Tenantry.Targets.Local.Networks;

/// <summary>Where an instance may connect to: a network and a port, or all ports.</summary>
internal sealed record EgressOpening(IPNetwork Network, int? Port);

/// <summary>Rules for nft, as text that is read whole or not at all. Each may be read again and then changes nothing.</summary>
internal static class EgressRuleset
{
    private const string Table = "inet tenantry";

    // What is not the internet: this network, private, shared, loopback, link-local with the clouds' metadata, protocols, benchmarks,
    // documentation, multicast, reserved.
    private static readonly string[] Closed =
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    ];

    // Closed whatever a list says.
    private static readonly string[] AlwaysClosed = ["127.0.0.0/8", "169.254.0.0/16", "198.18.0.0/15", "224.0.0.0/3"];

    private static readonly IPNetwork[] ClosedNetworks = [.. Closed.Select(network => IPNetwork.Parse(network))];

    /// <summary>True for an address that is not the internet's.</summary>
    internal static bool IsClosed(IPAddress address) => Array.Exists(ClosedNetworks, network => network.Contains(address));

    /// <summary>The hub: nothing passes but what an instance's own chain accepts, on its way out.</summary>
    internal static string Hub(EgressPlan plan, bool filtered = true) =>
        $$"""
        add table {{Table}}
        add map {{Table}} instances { type ipv4_addr : verdict; }
        add set {{Table}} closed { type ipv4_addr; flags interval; }
        add set {{Table}} never { type ipv4_addr; flags interval; }
        flush set {{Table}} closed
        flush set {{Table}} never
        add element {{Table}} closed { {{string.Join(", ", Closed)}} }
        add element {{Table}} never { {{string.Join(", ", AlwaysClosed)}} }
        add chain {{Table}} input { type filter hook input priority filter; policy drop; }
        flush chain {{Table}} input
        add rule {{Table}} input ct state established,related accept
        add rule {{Table}} input iifname "lo" accept
        add chain {{Table}} forward { type filter hook forward priority filter; policy {{(filtered ? "drop" : "accept")}}; }
        flush chain {{Table}} forward
        add rule {{Table}} forward ct state established,related accept
        add rule {{Table}} forward oifname "{{plan.HubLink}}" ip saddr vmap @instances
        add chain {{Table}} postrouting { type nat hook postrouting priority srcnat; }
        flush chain {{Table}} postrouting
        add rule {{Table}} postrouting oifname "{{plan.HubLink}}" masquerade

        """;

    /// <summary>
    /// The target's own table on the host: replies come back, the host itself is closed, and where forwarding was switched on for it,
    /// nothing else is forwarded.
    /// </summary>
    internal static string Host(EgressPlan plan, IReadOnlyList<string> opened, bool closeHost = true)
    {
        var table = $"inet {plan.HostTable}";
        var text = new StringBuilder(
            $$"""
            add table {{table}}
            add chain {{table}} input { type filter hook input priority filter - 5; }
            flush chain {{table}} input
            add rule {{table}} input iifname "{{plan.HostLink}}" {{(closeHost ? "drop" : "accept")}}
            add chain {{table}} forward { type filter hook forward priority filter - 5; }
            flush chain {{table}} forward
            add rule {{table}} forward iifname "{{plan.HostLink}}" accept
            add rule {{table}} forward oifname "{{plan.HostLink}}" ct state established,related accept
            add rule {{table}} forward oifname "{{plan.HostLink}}" drop

            """);
        foreach (var link in opened)
            text.Append(CultureInfo.InvariantCulture, $"add rule {table} forward iifname \"{link}\" oifname != \"{EgressPlan.AnyHostLink}\" drop\n");
        text.Append(
            $$"""
            add chain {{table}} postrouting { type nat hook postrouting priority srcnat; }
            flush chain {{table}} postrouting
            add rule {{table}} postrouting ip saddr {{plan.HubAddress}} oifname != "{{plan.HostLink}}" masquerade

            """);
        return text.ToString();
    }

    /// <summary>Takes the target's table on the host away, also when there is none.</summary>
    internal static string RemoveHost(EgressPlan plan) => $"add table inet {plan.HostTable}\ndelete table inet {plan.HostTable}\n";

    /// <summary>An instance that may reach the internet, and name servers wherever they are.</summary>
    internal static string Internet(InstanceLinkPlan link, IReadOnlyList<IPAddress> resolvers, bool filtered = true)
    {
        var text = Begin(link);
        foreach (var resolver in resolvers)
            text.Append(CultureInfo.InvariantCulture, $"add rule {Table} {link.Chain} ip daddr {resolver} meta l4proto {{ tcp, udp }} th dport 53 accept\n");
        if (filtered)
            text.Append(CultureInfo.InvariantCulture, $"add rule {Table} {link.Chain} ip daddr @closed drop\n");
        text.Append(CultureInfo.InvariantCulture, $"add rule {Table} {link.Chain} meta nfproto ipv4 accept\n");
        return End(text, link);
    }

    /// <summary>An instance that may reach what is listed.</summary>
    internal static string List(InstanceLinkPlan link, IReadOnlyList<EgressOpening> openings)
    {
        var text = Begin(link);
        text.Append(CultureInfo.InvariantCulture, $"add rule {Table} {link.Chain} ip daddr @never drop\n");
        foreach (var opening in openings)
        {
            text.Append(CultureInfo.InvariantCulture, $"add rule {Table} {link.Chain} ip daddr {opening.Network}");
            if (opening.Port is { } port)
                text.Append(CultureInfo.InvariantCulture, $" meta l4proto {{ tcp, udp }} th dport {port}");
            text.Append(" accept\n");
        }

        return End(text, link);
    }

    /// <summary>Takes an instance's rules away, also when there are none.</summary>
    internal static string Remove(InstanceLinkPlan link) => End(Begin(link), link)
        + $"delete element {Table} instances {{ {link.Address} : jump {link.Chain} }}\nflush chain {Table} {link.Chain}\ndelete chain {Table} {link.Chain}\n";

    private static StringBuilder Begin(InstanceLinkPlan link) => new($"add chain {Table} {link.Chain}\nflush chain {Table} {link.Chain}\n");

    private static string End(StringBuilder text, InstanceLinkPlan link) =>
        text.Append(CultureInfo.InvariantCulture, $"add element {Table} instances {{ {link.Address} : jump {link.Chain} }}\n").ToString();
}
