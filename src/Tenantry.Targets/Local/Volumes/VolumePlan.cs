using Tenantry.Model.Workloads;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local.Volumes;

/// <summary>Which file systems an instance's volumes lie in. A pure function.</summary>
internal static class VolumePlan
{
    /// <summary>The file system that volumes without a size of their own share: the tier's disk.</summary>
    internal const string SharedImage = "@disk";

    private const long SmallestImage = 4 * 1024 * 1024;

    internal static IReadOnlyList<VolumeFile> For(InstanceWorkload workload, bool loop)
    {
        var volumes = workload.Services.SelectMany(service => service.Volumes).GroupBy(volume => volume.Name, StringComparer.Ordinal);
        return [.. volumes.Select(same => One(same.Key, same.Max(volume => volume.SizeBytes), workload, loop))];
    }

    /// <summary>The folder below the instance's volumes in which a volume's data is.</summary>
    internal static string FolderOf(VolumeFile volume) => volume.Image == SharedImage ? Path.Combine(SharedImage, volume.Name) : volume.Name;

    private static VolumeFile One(string name, long? ownSize, InstanceWorkload workload, bool loop)
    {
        var size = ownSize ?? workload.Limits.DiskBytes;
        var (user, group) = LocalBundle.UserOf(workload.Services.First(service => service.Volumes.Any(volume => volume.Name == name)).User);
        if (!loop || size <= 0)
            return new VolumeFile(name, size, Image: null, user, group);
        return new VolumeFile(name, Math.Max(size, SmallestImage), ownSize is null ? SharedImage : name, user, group);
    }
}
