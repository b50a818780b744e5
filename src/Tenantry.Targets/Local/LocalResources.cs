using Tenantry.Model.Instances;
using Tenantry.Model.Plans;

namespace Tenantry.Targets.Local;

/// <summary>Names and states of what this target makes for an instance, in the order in which it is made.</summary>
internal static class LocalResources
{
    internal const string Ready = "ready";
    internal const string Damaged = "damaged";
    internal const string Running = "running";
    internal const string Frozen = "frozen";
    internal const string Stopped = "stopped";
    internal const string Ended = "ended";

    /// <summary>Given back while the instance sleeps; made anew when it wakes.</summary>
    internal const string Released = "released";

    internal static ResourceName Release(string key) => new("release", key.Length > 19 ? key[..19] : key);

    internal static ResourceName Identity(InstanceRef instance) => new("identity", instance.Slug);

    internal static ResourceName Volume(InstanceRef instance, string name) => new("volume", $"{instance.Slug}-{name}");

    internal static ResourceName Network(InstanceRef instance) => new("network", instance.Slug);

    internal static ResourceName Limits(InstanceRef instance) => new("limits", instance.Slug);

    internal static ResourceName Configuration(InstanceRef instance) => new("configuration", instance.Slug);

    internal static ResourceName Service(InstanceRef instance, string name) => new("service", $"{instance.Slug}-{name}");

    internal static ResourceName Instance(InstanceRef instance) => new("instance", instance.Slug);
}
