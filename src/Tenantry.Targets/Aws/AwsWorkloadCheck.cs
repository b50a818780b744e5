using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Aws;

/// <summary>Refuses what cannot run in Fargate, or must not.</summary>
internal static class AwsWorkloadCheck
{
    private const int MostGrace = 120;
    private static readonly string[] Reserved = ["/", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/proc", "/sys", "/dev", "/run", "/var", "/tmp"];

    /// <summary>Throws a terminal <see cref="TargetException"/> for the first thing that is wrong.</summary>
    internal static void Refuse(InstanceWorkload workload, AwsTargetOptions options)
    {
        var resource = AwsNames.Instance(workload.Ref);
        TargetException Wrong(string message, string? fix = null) => new(message, retryable: false, resource, fix);
        if (workload.Services.Count == 0)
            throw Wrong("It has no service.");
        if (workload.Egress.Mode == EgressMode.List)
            throw Wrong("A list of egress cannot be held by target aws: its networks know addresses and no names.", "Use egress: none or internet.");
        foreach (var service in workload.Services)
        {
            if (service.Image is not { Length: > 0 })
                throw Wrong($"Service {service.Name} has no image.", "Push one to a registry that AWS reaches, and name it in the manifest: image: REPOSITORY@sha256:DIGEST.");
            if (service.StopGrace > TimeSpan.FromSeconds(MostGrace))
                throw Wrong($"Service {service.Name} wants {service.StopGrace.TotalSeconds:0} s to stop; Fargate gives {MostGrace} at most.");
            foreach (var folder in service.Files.Select(file => Path.GetDirectoryName(file.Path) ?? "/").Where(folder => Reserved.Contains(folder, StringComparer.Ordinal)))
                throw Wrong($"Service {service.Name} wants a file in {folder}: Fargate mounts folders alone, and the image's own would be hidden.", "Put the file into a folder of its own, such as /etc/app.");
            foreach (var volume in service.Volumes.Where(volume => Reserved.Contains(volume.Path.TrimEnd('/'), StringComparer.Ordinal)))
                throw Wrong($"Service {service.Name} wants a volume at {volume.Path}, where the image's own files are.");
        }

        if (workload.Egress.Mode == EgressMode.None)
        {
            // Its network has no way out: what Fargate starts comes through the endpoints, and behind those is the region's own registry alone.
            foreach (var image in workload.Services.Select(service => service.Image!).Where(image => !IsInside(image, options)))
                throw Wrong($"It has egress: none, and its image {image} is not in ECR of {options.Region}: its network has no way to other registries.", "Push the image to ECR in that region, or use egress: internet.");
            if (!IsInside(options.FilesImage, options))
                throw Wrong($"It has egress: none, and the image {options.FilesImage}, which writes its files, is not in ECR of {options.Region}: its network has no way to other registries.", "Push that image to ECR in that region and name it with the target's option files-image.");
        }

        if (workload.Services.SelectMany(service => service.Ports).GroupBy(port => port.Number).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Wrong($"Two services listen on port {twice.Key}: services of an instance share one network.");
    }

    private static bool IsInside(string image, AwsTargetOptions options) => AwsVariables.Repository(image)?.Split(':')[3] == options.Region;
}
