using System.Text.Json.Nodes;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws.Storage;

/// <summary>In a bucket: states below its prefix, as Terraform's S3 backend keeps them, with its lock beside each.</summary>
internal sealed class BucketBlobs(IAws aws, string bucket, string prefix, AwsPlace place, string? profile) : IBlobs
{
    private const string StateName = "instance.tfstate";

    public JsonObject Backend
    {
        get
        {
            var settings = new JsonObject
            {
                ["bucket"] = bucket,
                ["key"] = StateName,
                ["workspace_key_prefix"] = prefix + "/states",
                ["region"] = place.Region,
                ["encrypt"] = true,
                ["use_lockfile"] = true,
            };
            if (profile is not null)
                settings["profile"] = profile;
            if (place.Endpoint is { } endpoint)
            {
                settings["endpoints"] = new JsonObject { ["s3"] = endpoint.ToString().TrimEnd('/') };
                foreach (var name in (string[])["use_path_style", "skip_credentials_validation", "skip_requesting_account_id", "skip_metadata_api_check", "skip_region_validation", "skip_s3_checksum"])
                    settings[name] = true;
            }

            return new JsonObject { ["s3"] = settings };
        }
    }

    public string StateKey(string workspace) => $"states/{workspace}/{StateName}";

    public string? LockKey(string workspace) => StateKey(workspace) + ".tflock";

    public Task<byte[]?> GetAsync(string key, CancellationToken cancellationToken) => aws.GetObjectAsync(bucket, Full(key), cancellationToken);

    public Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => aws.PutObjectAsync(bucket, Full(key), content, cancellationToken);

    public Task<bool> PutNewAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => aws.PutNewObjectAsync(bucket, Full(key), content, cancellationToken);

    public Task DeleteAsync(string key, CancellationToken cancellationToken) => aws.DeleteObjectAsync(bucket, Full(key), cancellationToken);

    public async Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken) =>
        [.. (await aws.ListObjectsAsync(bucket, Full(prefix), cancellationToken)).Select(key => key[(Full("").Length)..])];

    private string Full(string key) => $"{prefix}/{key}";
}
