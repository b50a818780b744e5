using Tenantry.Model.Manifests;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Docker;

/// <summary>What a manifest alone tells of how it will do on a Docker engine. Pure.</summary>
internal static class DockerManifestCheck
{
    /// <summary>Why nothing of it can run there.</summary>
    internal static IReadOnlyList<ManifestObjection> Refusals(Manifest manifest) =>
    [
        .. manifest.Services.Where(service => service.User is { } user && !DockerWorkloadCheck.IsUser(user)).Select(service => new ManifestObjection(
            $"services.{service.Name}.user", DockerWorkloadCheck.WhyNotUser(service.Name, service.User!))),
        .. manifest.Services.SelectMany(service => service.Volumes.Select(volume => (service.Name, Key: $"volumes.{volume.Name}", volume.Path)).Concat(service.Files.Select(file => (service.Name, Key: $"files.{file.Path}", file.Path))))
            .Select(one => (one.Name, one.Key, Why: DockerWorkloadCheck.WhyNotPath(one.Name, one.Path)))
            .Where(one => one.Why is not null)
            .Select(one => new ManifestObjection($"services.{one.Name}.{one.Key}", one.Why!)),
    ];

    /// <summary>What a person should know.</summary>
    internal static IReadOnlyList<string> Notes(Manifest manifest)
    {
        var open = manifest.Secrets.Where(secret => secret.Env is not null).Select(secret => secret.Name)
            .Concat(manifest.Services.SelectMany(service => service.Env.Values).SelectMany(value => References.In(value)).Where(reference => reference.Name.StartsWith("secret.", StringComparison.Ordinal)).Select(reference => reference.Name["secret.".Length..]))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        return open.Count == 0
            ? []
            : [$"{(open.Count == 1 ? "The secret" : "The secrets")} {string.Join(", ", open)} {(open.Count == 1 ? "is a variable" : "are variables")} of a container, which the engine writes to its disk in clear and keeps until the container is removed. Have the app read /run/secrets/{open[0]} where it can: that is in memory alone."];
    }
}
