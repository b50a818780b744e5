using System.Globalization;
using System.Net;
using System.Text;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Docker.Networks;

/// <summary>
/// Rules for nft in a table of our own: what comes from a bridge of ours reaches neither the host nor another instance nor private
/// or metadata addresses, and beyond that what its instance may. The host's and the engine's own rules are left alone. Pure.
/// </summary>
internal static class EgressRuleset
{
    internal const string Table = "inet tenantry_docker";

    private const string Closed4 = "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3";
    // Whatever a list says: this host's own, link-local (metadata) and multicast.
    private const string AlwaysClosed4 = "127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3";
    private const string AlwaysClosed6 = "::1/128, fe80::/10, fd00:ec2::254/128, ff00::/8";
    private const string Closed6 = "::/128, ::1/128, fc00::/7, fe80::/10, ff00::/8";

    /// <summary>The table with what holds for every bridge. Loading it again keeps what stands in the map.</summary>
    /// <param name="dns">Name servers that may be asked though they are private.</param>
    /// <param name="isPublished">
    /// True on a machine whose engine is reached from another one: what the engine leads to a bridge comes in, and bridges are let out by their names alone.
    /// </param>
    internal static string Common(IReadOnlyList<string> dns, bool isPublished = false)
    {
        var text = new StringBuilder();
        text.Append("add table ").AppendLine(Table);
        text.Append("add map ").Append(Table).AppendLine(" egress { type ifname : verdict; }");
        if (isPublished)
            text.Append("add set ").Append(Table).AppendLine(" dns { type ipv4_addr; }");
        foreach (var (chain, header) in new[] { ("input", " { type filter hook input priority -10; policy accept; }"), ("forward", " { type filter hook forward priority -10; policy accept; }"), ("internet", "") })
        {
            text.Append("add chain ").Append(Table).Append(' ').Append(chain).AppendLine(header);
            text.Append("flush chain ").Append(Table).Append(' ').AppendLine(chain);
        }

        var bridges = $"\"{DockerNames.BridgePrefix}*\"";
        Rule(text, "input", $"iifname {bridges} ct state established,related accept");
        Rule(text, "input", $"iifname {bridges} drop");
        Rule(text, "forward", $"iifname {bridges} oifname {bridges} drop");
        if (isPublished)
            Rule(text, "forward", $"iifname {bridges} ct state established,related accept");
        Rule(text, "forward", $"oifname {bridges} ct state established,related accept");
        if (isPublished)
            Rule(text, "forward", $"oifname {bridges} ct status dnat accept");
        Rule(text, "forward", $"oifname {bridges} drop");
        var open = $"\"{DockerNames.OpenBridgePrefix}*\"";
        if (isPublished)
            Rule(text, "forward", $"iifname {open} ip daddr @dns meta l4proto {{ tcp, udp }} th dport 53 accept");
        foreach (var server in dns)
        {
            Rule(text, "forward", $"iifname {bridges} ip daddr {server} udp dport 53 accept");
            Rule(text, "forward", $"iifname {bridges} ip daddr {server} tcp dport 53 accept");
        }

        Rule(text, "forward", $"iifname {bridges} ip daddr {{ {AlwaysClosed4} }} drop");
        Rule(text, "forward", $"iifname {bridges} ip6 daddr {{ {AlwaysClosed6} }} drop");
        if (isPublished)
            Rule(text, "forward", $"iifname {open} jump internet");
        Rule(text, "forward", "iifname vmap @egress");
        Rule(text, "forward", $"iifname {bridges} drop");
        Rule(text, "internet", $"ip daddr {{ {Closed4} }} drop");
        Rule(text, "internet", $"ip6 daddr {{ {Closed6} }} drop");
        Rule(text, "internet", "accept");
        return text.ToString();
    }

    /// <summary>What one instance may, added to the table.</summary>
    internal static string ForInstance(string bridge, EgressRules egress)
    {
        var text = new StringBuilder();
        var chain = egress.Mode == EgressMode.Internet ? "internet" : bridge;
        if (egress.Mode == EgressMode.List)
        {
            text.Append("add chain ").Append(Table).Append(' ').AppendLine(bridge);
            text.Append("flush chain ").Append(Table).Append(' ').AppendLine(bridge);
            foreach (var (network, port) in egress.Allow.Select(Parse))
            {
                var family = network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "ip" : "ip6";
                Rule(text, bridge, $"{family} daddr {network}{(port is null ? "" : $" meta l4proto {{ tcp, udp }} th dport {port}")} accept");
            }

            Rule(text, bridge, "drop");
        }

        text.Append("add element ").Append(Table).Append(" egress { \"").Append(bridge).Append("\" : jump ").Append(chain).AppendLine(" }");
        return text.ToString();
    }

    /// <summary>Takes an instance's rules away. Commands in order; each may fail when it is gone already.</summary>
    internal static IReadOnlyList<string> Removal(string bridge) =>
    [
        $"delete element {Table} egress {{ \"{bridge}\" }}\n",
        $"delete chain {Table} {bridge}\n",
    ];

    /// <summary>Reads an address or network with or without a port; throws a terminal failure for a name.</summary>
    internal static (IPNetwork Network, int? Port) Parse(string rule)
    {
        if (TryNetwork(rule) is { } whole)
            return (whole, null);
        var colon = rule.LastIndexOf(':');
        if (colon > 0 && int.TryParse(rule.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && TryNetwork(rule[..colon].Trim('[', ']')) is { } network)
            return (network, port);
        throw new TargetException(
            $"Egress to '{rule}' cannot be held by a Docker target: its list takes addresses and networks, not names, since a name's addresses change.",
            retryable: false,
            fix: "Write the address or network, or use egress: internet.");
    }

    private static IPNetwork? TryNetwork(string text)
    {
        if (IPAddress.TryParse(text, out var address))
            return new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128);
        return IPNetwork.TryParse(text, out var network) ? network : null;
    }

    private static void Rule(StringBuilder text, string chain, string rule) =>
        text.Append("add rule ").Append(Table).Append(' ').Append(chain).Append(' ').AppendLine(rule);
}
