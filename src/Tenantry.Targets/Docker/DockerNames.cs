using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;

namespace Tenantry.Targets.Docker;

/// <summary>Names of all that an instance has in the engine, derived from its reference alone.</summary>
internal static class DockerNames
{
    /// <summary>Every bridge of ours begins so, and nobody else's: the firewall knows them by it.</summary>
    internal const string BridgePrefix = "tnb";

    /// <summary>
    /// Bridges on another machine from which the internet may be reached begin so: the rules there stand still and know them by it. No digit follows that could
    /// make it one of the others.
    /// </summary>
    internal const string OpenBridgePrefix = BridgePrefix + "i";

    // A bridge's name is an interface's: 15 characters at most.
    private const int BridgeDigits = 12;
    private const int ShortDigits = 8;
    private const string Aside = ".old";

    internal static string Network(InstanceRef instance) => Base(instance);

    internal static string Bridge(InstanceRef instance) => BridgePrefix + Digest(instance)[..BridgeDigits];

    internal static string OpenBridge(InstanceRef instance) => OpenBridgePrefix + Digest(instance)[..(BridgeDigits - 1)];

    internal static string Volume(InstanceRef instance, string volume) => $"{Base(instance)}-{volume}";

    internal static string Container(InstanceRef instance, string service) => $"{Base(instance)}-{service}";

    /// <summary>What a service's container is called while its successor proves itself.</summary>
    internal static string Former(InstanceRef instance, string service) => FormerOf(Container(instance, service));

    /// <summary>The same for a container's name.</summary>
    internal static string FormerOf(string container) => container + Aside;

    /// <summary>True for the name of a container that is kept aside.</summary>
    internal static bool IsFormer(string container) => container.EndsWith(Aside, StringComparison.Ordinal);

    /// <summary>A container that is never started: the archive API reaches volumes only through one.</summary>
    internal static string Carrier(InstanceRef instance) => Base(instance) + ".carrier";

    internal static ResourceName NetworkResource(InstanceRef instance) => new("network", Network(instance));

    internal static ResourceName VolumeResource(InstanceRef instance, string volume) => new("volume", Volume(instance, volume));

    internal static ResourceName ServiceResource(InstanceRef instance, string service) => new("service", Container(instance, service));

    internal static ResourceName InstanceResource(InstanceRef instance) => new("instance", instance.Slug);

    internal static string Base(InstanceRef instance) => $"tn-{instance.Slug}-{Digest(instance)[..ShortDigits]}";

    private static string Digest(InstanceRef instance) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{instance.Owner}\n{instance.Id}")));
}
