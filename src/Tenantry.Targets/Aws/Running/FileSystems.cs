using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws.Running;

/// <summary>Volumes on EFS.</summary>
internal static class FileSystems
{
    /// <summary>The mount target of a file system in a subnet, or null.</summary>
    internal static async Task<string?> FindDoorAsync(IAws aws, string fileSystem, string subnet, CancellationToken cancellationToken)
    {
        var answer = await aws.RestAsync(AwsService.Files, $"2015-02-01/mount-targets?FileSystemId={fileSystem}", cancellationToken);
        return answer.GetProperty("MountTargets").EnumerateArray()
            .Where(door => door.GetProperty("SubnetId").GetString() == subnet)
            .Select(door => door.GetProperty("MountTargetId").GetString())
            .FirstOrDefault();
    }
}
