using System.Text;
using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Storage;

namespace Tenantry.Targets.Aws.Running;

/// <summary>
/// An instance's secret in Secrets Manager. Values go out in the body of a signed request and nowhere else. One of that name that another control plane made, or a person, is neither
/// written nor removed: ours is what carries our owner's tag, or what the record knows by its ARN, as after a takeover.
/// </summary>
internal sealed class AppSecret(IAws aws, string name, AwsRecord record)
{
    /// <summary>Its ARN, or null when there is none of ours that can be read.</summary>
    internal async Task<string?> FindAsync(CancellationToken cancellationToken)
    {
        var found = await DescribeAsync(cancellationToken);
        return found is { } secret && !IsDeleted(secret) && IsOurs(secret) ? secret.GetProperty("ARN").GetString() : null;
    }

    /// <summary>Writes it; makes it when there is none, and takes one back that waits to be deleted. Gives its ARN. Throws a terminal <see cref="TargetException"/> when it is another's.</summary>
    internal async Task<string> WriteAsync(AwsSecretDocument document, IReadOnlyDictionary<string, string> tags, CancellationToken cancellationToken)
    {
        var text = Encoding.UTF8.GetString(document.Write());
        var asTags = tags.Select(tag => new { Key = tag.Key, Value = tag.Value });
        if (await DescribeAsync(cancellationToken) is not { } found)
        {
            var made = await aws.JsonAsync(
                AwsService.Secrets,
                "CreateSecret",
                new { Name = name, Description = "Secrets of one instance", SecretString = text, Tags = asTags, ClientRequestToken = $"{Guid.NewGuid():N}" },
                cancellationToken);
            return made.GetProperty("ARN").GetString()!;
        }

        if (!IsOurs(found))
            throw Foreign(Owner(found));
        if (IsDeleted(found))
            await aws.JsonAsync(AwsService.Secrets, "RestoreSecret", new { SecretId = name }, cancellationToken);
        if (Owner(found) != record.Owner)
            await aws.JsonAsync(AwsService.Secrets, "TagResource", new { SecretId = name, Tags = asTags }, cancellationToken);
        await aws.JsonAsync(AwsService.Secrets, "PutSecretValue", new { SecretId = name, SecretString = text, ClientRequestToken = $"{Guid.NewGuid():N}" }, cancellationToken);
        return found.GetProperty("ARN").GetString()!;
    }

    /// <summary>Removes it at once: one that waits to be deleted would keep its name for weeks. None of ours is none.</summary>
    internal async Task DeleteAsync(CancellationToken cancellationToken)
    {
        if (await DescribeAsync(cancellationToken) is not { } found || !IsOurs(found))
            return;
        try
        {
            await aws.JsonAsync(AwsService.Secrets, "DeleteSecret", new { SecretId = found.GetProperty("ARN").GetString(), ForceDeleteWithoutRecovery = true }, cancellationToken);
        }
        catch (AwsException error) when (error.Code == "ResourceNotFoundException")
        {
            // It is gone already.
        }
    }

    private async Task<JsonElement?> DescribeAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await aws.JsonAsync(AwsService.Secrets, "DescribeSecret", new { SecretId = name }, cancellationToken);
        }
        catch (AwsException error) when (error.Code == "ResourceNotFoundException")
        {
            return null;
        }
    }

    private bool IsOurs(JsonElement secret) => Owner(secret) == record.Owner || (record.SecretArn.Length > 0 && secret.GetProperty("ARN").GetString() == record.SecretArn);

    private TargetException Foreign(string? owner) => new(
        $"The secret {name} is in this account already and belongs to {(owner is null ? "nobody that this control plane knows" : $"another control plane (its tag Owner is {owner})")}: it was left as it is.",
        retryable: false,
        AwsNames.Instance(record.Ref),
        "Give this target another project (--option project=NAME) before its first instance, or remove that secret when nobody needs it.");

    private static string? Owner(JsonElement secret) => secret.TryGetProperty("Tags", out var tags) && tags.ValueKind == JsonValueKind.Array
        ? tags.EnumerateArray().Where(tag => tag.GetProperty("Key").GetString() == "Owner").Select(tag => tag.GetProperty("Value").GetString()).FirstOrDefault()
        : null;

    private static bool IsDeleted(JsonElement secret) => secret.TryGetProperty("DeletedDate", out var deleted) && deleted.ValueKind == JsonValueKind.Number;
}
