using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Images;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>What an operator has to know since Compose cannot say it.</summary>
internal static class ComposeNotices
{
    internal static IReadOnlyList<string> Of(IReadOnlyList<InstanceWorkload> workloads)
    {
        var notices = new List<string>();
        void Add(Func<InstanceWorkload, bool> concerns, string text)
        {
            var slugs = workloads.Where(concerns).Select(workload => workload.Ref.Slug).ToList();
            if (slugs.Count > 0)
                notices.Add($"{Names(slugs)}: {text}");
        }

        Add(
            workload => workload.Egress.Mode == EgressMode.List,
            "a list of egress cannot be said in Compose; closed instead. Nothing outside is reached.");
        Add(
            workload => workload.Egress.Mode == EgressMode.Internet,
            "Compose cannot close private ranges and the metadata address 169.254.169.254; close them in the host's firewall.");
        Add(
            workload => workload.Services.Any(service => service.Health is { Command: null }),
            "health is asked from inside, with sh and wget, curl or nc of the image. For an image without them give the manifest a health.command or the overrides a healthcheck.");
        Add(
            workload => workload.Services.Any(service => ImageStore.ReferenceOf(workload, service).StartsWith(ImageStore.OwnPrefix, StringComparison.Ordinal)),
            $"the image is one that Tenantry built or loaded ({ImageStore.OwnPrefix}…); on another engine bring it there with docker save and docker load.");
        Add(
            workload => workload.Services.Any(service => service.Files.Any(file => service.Volumes.Any(volume => file.Path.StartsWith(volume.Path.TrimEnd('/') + "/", StringComparison.Ordinal)))),
            "a read-only file lies inside a volume; an app that changes the owner of everything in that volume fails there.");
        return notices;
    }

    private static string Names(List<string> slugs)
    {
        const int Most = 5;
        return slugs.Count <= Most ? string.Join(", ", slugs) : $"{string.Join(", ", slugs.Take(Most))} and {slugs.Count - Most} more";
    }
}
