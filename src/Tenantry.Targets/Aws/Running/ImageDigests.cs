using System.Text.Json;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Storage;

namespace Tenantry.Targets.Aws.Running;

/// <summary>Images by digest and not by tag: what a release runs does not change because somebody pushed. Tags in ECR are resolved once for each release.</summary>
internal sealed class ImageDigests(AwsHost host)
{
    /// <summary>The reference to run for each reference in the manifest. Throws a terminal <see cref="TargetException"/> for a tag that cannot be resolved.</summary>
    internal async Task<IReadOnlyDictionary<string, string>> ResolveAsync(InstanceWorkload workload, AwsRecord? present, CancellationToken cancellationToken)
    {
        var images = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var image in AwsVariables.Images(workload, host.Options))
        {
            if (image.Contains("@sha256:", StringComparison.Ordinal))
                images[image] = image;
            else if (present?.Release == workload.Release.Id && present.Images.TryGetValue(image, out var known))
                images[image] = known;
            else if (AwsVariables.Repository(image) is { } repository)
                images[image] = await ResolveAsync(image, repository, cancellationToken);
            else if (host.Options.AllowsTags)
                images[image] = image;
            else
                throw new TargetException($"The image {image} is named by a tag, which may lead to another image tomorrow.", retryable: false, AwsNames.Instance(workload.Ref), "Name it by its digest (IMAGE@sha256:…), push it to ECR, or give the target the option tags=allow." + (image == host.Options.FilesImage ? " It is that of the target's option files-image." : ""));
        }

        return images;
    }

    private async Task<string> ResolveAsync(string image, string repository, CancellationToken cancellationToken)
    {
        var parts = repository.Split(':');
        var name = repository[(repository.IndexOf("repository/", StringComparison.Ordinal) + "repository/".Length)..];
        var at = image.LastIndexOf(':');
        var (reference, tag) = at > image.LastIndexOf('/') ? (image[..at], image[(at + 1)..]) : (image, "latest");
        try
        {
            var answer = await host.Aws.JsonAsync(AwsService.Ecr, "DescribeImages", new { registryId = parts[4], repositoryName = name, imageIds = new[] { new { imageTag = tag } } }, cancellationToken);
            return $"{reference}@{answer.GetProperty("imageDetails").EnumerateArray().First().GetProperty("imageDigest").GetString()}";
        }
        catch (AwsException error) when (error.Code is "ImageNotFoundException" or "RepositoryNotFoundException")
        {
            throw new TargetException($"The image {image} is not in ECR.", retryable: false, fix: "Push it first: an instance whose image is not there never becomes healthy.", cause: error);
        }
    }
}
