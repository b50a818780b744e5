using System.Globalization;

namespace Tenantry.Targets.Local.Networks;

/// <summary>
/// Batches for <c>ip -batch</c>: links, addresses, routes. Pure text. What adds a link is for when there is none; all else may be done again.
/// </summary>
internal static class EgressLinks
{
    /// <summary>In the hub: the link to the host.</summary>
    internal static string HubLink(EgressPlan plan, string hostNamespace) => $"link add {plan.HubLink} type veth peer name {plan.HostLink} netns {hostNamespace}\n";

    /// <summary>In the hub: its end of that link.</summary>
    internal static string HubUp(EgressPlan plan) =>
        $"""
        addr replace {plan.HubAddress}/{EgressPlan.LinkPrefix} dev {plan.HubLink}
        link set {plan.HubLink} up

        """;

    /// <summary>In the hub: takes the link to the host away, both ends.</summary>
    internal static string HubDown(EgressPlan plan) => $"link del {plan.HubLink}\n";

    /// <summary>On the host: takes what is left of the link to a hub that is gone away.</summary>
    internal static string HostDown(EgressPlan plan) => $"link del {plan.HostLink}\n";

    /// <summary>On the host: its end of that link.</summary>
    internal static string HostUp(EgressPlan plan) =>
        $"""
        addr replace {plan.HostAddress}/{EgressPlan.LinkPrefix} dev {plan.HostLink}
        link set {plan.HostLink} up

        """;

    /// <summary>In the hub, when both ends are up.</summary>
    internal static string HubRoute(EgressPlan plan) => $"route replace default via {plan.HostAddress} dev {plan.HubLink}\n";

    /// <summary>In the hub: a bridge.</summary>
    internal static string Bridge(InstanceLinkPlan link) => $"link add {link.Bridge} type bridge\n";

    /// <summary>In the hub: an instance's link.</summary>
    internal static string Link(InstanceLinkPlan link, string instanceNamespace) => $"link add {link.Link} type veth peer name {EgressPlan.InstanceLink} netns {instanceNamespace}\n";

    /// <summary>In the hub: the bridge's address, and the link on it, on a port that reaches no other isolated port.</summary>
    internal static string Attach(InstanceLinkPlan link, bool isolated) =>
        $"""
        addr replace {link.Gateway}/{EgressPlan.BridgePrefix} dev {link.Bridge}
        link set {link.Bridge} up
        link set {link.Link} master {link.Bridge}
        link set {link.Link} type bridge_slave isolated {(isolated ? "on" : "off")}
        link set {link.Link} up

        """;

    /// <summary>In the instance: its address and its way out.</summary>
    internal static string Inside(InstanceLinkPlan link) => string.Create(
        CultureInfo.InvariantCulture,
        $"addr replace {link.Address}/{EgressPlan.BridgePrefix} dev {EgressPlan.InstanceLink}\nlink set {EgressPlan.InstanceLink} up\nroute replace default via {link.Gateway} dev {EgressPlan.InstanceLink}\n");

    /// <summary>In the hub: takes an instance's link away.</summary>
    internal static string Detach(InstanceLinkPlan link) => $"link del {link.Link}\n";
}
