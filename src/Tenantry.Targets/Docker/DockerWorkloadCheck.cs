using System.Globalization;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Docker;

/// <summary>Refuses what a Docker target cannot run, or must not.</summary>
internal static class DockerWorkloadCheck
{
    private static readonly string[] Reserved = ["/", "/proc", "/sys", "/dev", "/run/secrets", "/var/run", "/run/docker.sock"];

    /// <summary>Throws a terminal <see cref="TargetException"/> for the first thing that is wrong.</summary>
    internal static void Refuse(InstanceWorkload workload, RemoteEngine? remote)
    {
        if (workload.Services.Count == 0)
            throw Wrong("It has no service.", null);
        if (remote is { HoldsRules: false })
            throw Wrong("Nothing holds it in on the engine's machine: load the rules of deploy/docker/remote-engine.nft there, and give the target the option rules=loaded.", null);
        if (remote is not null && workload.Egress.Mode == EgressMode.List)
            throw Wrong("A list of egress cannot be held on an engine on another machine: the rules there are its operator's and the same for every app. Use egress: none or internet, or a target on the engine's own machine.", null);
        foreach (var service in workload.Services)
            Refuse(workload, service);
        foreach (var rule in workload.Egress.Mode == EgressMode.List ? workload.Egress.Allow : [])
            EgressRuleset.Parse(rule);
        foreach (var name in workload.Secrets.Keys.Where(name => name.Contains('/', StringComparison.Ordinal) || name is "." or ".."))
            throw Wrong($"A secret cannot be called '{name}'.", null);
    }

    private static void Refuse(InstanceWorkload workload, ServiceWorkload service)
    {
        var resource = DockerNames.ServiceResource(workload.Ref, service.Name);
        var hasImage = service.Image is { Length: > 0 } || (service.Root.Kind == RootKind.Image && service.Root.Path.Length > 0) || workload.Release.Build?.Dockerfile is not null;
        if (!hasImage)
            throw Wrong($"Service {service.Name} has no image: set image, build.dockerfile, or run.root: image with a path.", resource);
        if (!service.Root.StaysInside())
            throw Wrong($"Service {service.Name} has an image at {service.Root.Path}, which is not in its release: a path relative to the manifest is expected.", resource);
        if (!IsUser(service.User))
            throw Wrong(WhyNotUser(service.Name, service.User), resource);
        foreach (var why in service.Volumes.Select(volume => volume.Path).Concat(service.Files.Select(file => file.Path)).Select(path => WhyNotPath(service.Name, path)).OfType<string>())
            throw Wrong(why, resource);
    }

    /// <summary>Why nothing of a service can be at a path, or null when it can.</summary>
    internal static string? WhyNotPath(string service, string path)
    {
        if (path.EndsWith("/docker.sock", StringComparison.Ordinal))
            return $"Service {service} wants {path}: the engine's socket is never given to an instance, since it is the key to the whole host.";
        var parts = path.Split('/');
        if (!path.StartsWith('/') || parts.Contains("..", StringComparer.Ordinal) || Reserved.Contains(path.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/", StringComparer.Ordinal)
            || path.StartsWith("/proc/", StringComparison.Ordinal) || path.StartsWith("/sys/", StringComparison.Ordinal) || path.StartsWith("/dev/", StringComparison.Ordinal))
        {
            return $"Service {service} wants something at {path}, which is the engine's or the kernel's.";
        }

        return null;
    }

    internal static string WhyNotUser(string service, string user) =>
        $"Service {service} wants to run as '{user}': a number other than 0 is needed, and no group 0, since root in a container is root of the host and only the image knows what a name stands for. Write the number that it has in the image's /etc/passwd, such as 1000.";

    internal static bool IsUser(string user) =>
        user.Length == 0 || (user.Split(':') is { Length: <= 2 } parts && parts.All(part => uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != 0));

    private static TargetException Wrong(string message, ResourceName? resource) => new(message, retryable: false, resource);
}
