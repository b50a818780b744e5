using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Tenantry.Targets.Local.Networks;

/// <summary>
/// Names and addresses of what lets instances out, all computed. Instances hang on bridges in a namespace of the target's own (the hub),
/// at most a thousand on each since the kernel takes 1023; one link leads from the hub to the host. All addresses are from the range for
/// benchmarks (198.18.0.0/15), which no network uses; they are never seen outside.
/// </summary>
internal sealed record EgressPlan(string HubLink, string HostLink, IPAddress HubAddress, IPAddress HostAddress)
{
    internal const string InstanceLink = "eth0";
    /// <summary>Links of all local targets on a host, this one's and others'.</summary>
    internal const string AnyHostLink = "tnt*";
    internal const int LinkPrefix = 30;
    internal const int BridgePrefix = 22;
    private const uint InstanceRange = 0xC612_0000;
    private const uint LinkRange = 0xC613_0000;
    private const int PerBridge = 1000;

    /// <summary>For the target with that data folder: several on one machine do not meet.</summary>
    internal static EgressPlan For(string dataFolder)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(dataFolder));
        var network = LinkRange + (uint)((hash[0] << 8 | hash[1]) & 0xfffc);
        return new EgressPlan("up0", $"tnt{Convert.ToHexStringLower(hash.AsSpan(2, 4))}", Address(network + 2), Address(network + 1));
    }

    internal static bool IsInstanceLink(string link) => link.Length > 1 && link[0] == 'v' && char.IsAsciiDigit(link[1]);

    internal static bool IsHostLink(string link) => link.StartsWith(AnyHostLink[..^1], StringComparison.Ordinal);

    /// <summary>The name of the table in the host's rule set that is the target's own.</summary>
    internal string HostTable => $"tenantry_{HostLink}";

    /// <summary>What an instance gets, by its number: ranges of user ids are numbered, and no two instances share one.</summary>
    internal static InstanceLinkPlan Of(int number)
    {
        var bridge = number / PerBridge;
        var network = InstanceRange + (uint)(bridge << 10);
        return new InstanceLinkPlan(
            string.Create(CultureInfo.InvariantCulture, $"v{number}"),
            string.Create(CultureInfo.InvariantCulture, $"br{bridge}"),
            string.Create(CultureInfo.InvariantCulture, $"i{number}"),
            Address(network + 2 + (uint)(number % PerBridge)),
            Address(network + 1));
    }

    private static IPAddress Address(uint number) =>
        new([(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
}

/// <summary>One instance's way out.</summary>
/// <param name="Link">Its end in the hub.</param>
/// <param name="Bridge">The bridge that it hangs on.</param>
/// <param name="Chain">The chain of rules for what it may reach.</param>
/// <param name="Address">The instance's address.</param>
/// <param name="Gateway">The hub's address on that bridge.</param>
internal sealed record InstanceLinkPlan(string Link, string Bridge, string Chain, IPAddress Address, IPAddress Gateway);
