using Tenantry.Model.Manifests;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Local.Networks;

namespace Tenantry.Targets.Local;

/// <summary>What a manifest alone tells of how it will do on a local target. Pure.</summary>
internal static class LocalManifestCheck
{
    /// <summary>Why nothing of it can run there.</summary>
    internal static IReadOnlyList<ManifestObjection> Refusals(Manifest manifest) =>
    [
        .. manifest.Services.Select(service => (service.Name, Why: LocalWorkloadCheck.MistakeIn(service.User ?? ""))).Where(one => one.Why is not null)
            .Select(one => new ManifestObjection($"services.{one.Name}.user", $"Service {one.Name}: {one.Why}.")),
        .. manifest.Egress.Allow.Index().Where(one => one.Item.Network is { } network && EgressTargets.IsIpv6(network))
            .Select(one => new ManifestObjection($"egress[{one.Index}]", $"{one.Item.Network} is IPv6, which a local target does not let out. Take it out of the list.")),
    ];

    /// <summary>What a person should know.</summary>
    internal static IReadOnlyList<string> Notes(Manifest manifest) =>
    [
        .. manifest.Services.Where(service => service is { Image: not null, Run: null })
            .Select(service => $"Service {service.Name}: its image {service.Image} is not used, since there is no container engine: it runs with the programs of the host. Write run.root to say which root file system it gets here."),
        .. manifest.Services.Where(service => service.User is { Length: > 0 } user && !char.IsAsciiDigit(user[0]))
            .Select(service => $"Service {service.Name}: user {service.User} is a name, which only an image knows: it runs as {LocalBundle.OrdinaryUser}. Write a number to say which."),
    ];
}
