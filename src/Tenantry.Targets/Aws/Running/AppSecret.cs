using System.Text;
using System.Text.Json;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws.Running;

/// <summary>An instance's secret in Secrets Manager. Values go out in the body of a signed request and nowhere else.</summary>
internal sealed class AppSecret(IAws aws, string name)
{
    /// <summary>Its ARN, or null when there is none that can be read.</summary>
    internal async Task<string?> FindAsync(CancellationToken cancellationToken)
    {
        var found = await DescribeAsync(cancellationToken);
        return found is { } secret && !IsDeleted(secret) ? secret.GetProperty("ARN").GetString() : null;
    }

    /// <summary>Writes it; makes it when there is none, and takes one back that waits to be deleted. Gives its ARN.</summary>
    internal async Task<string> WriteAsync(AwsSecretDocument document, IReadOnlyDictionary<string, string> tags, CancellationToken cancellationToken)
    {
        var found = await DescribeAsync(cancellationToken);
        var text = Encoding.UTF8.GetString(document.Write());
        if (found is null)
        {
            var made = await aws.JsonAsync(
                AwsService.Secrets,
                "CreateSecret",
                new { Name = name, Description = "Secrets of one instance", SecretString = text, Tags = tags.Select(tag => new { Key = tag.Key, Value = tag.Value }), ClientRequestToken = $"{Guid.NewGuid():N}" },
                cancellationToken);
            return made.GetProperty("ARN").GetString()!;
        }

        if (IsDeleted(found.Value))
            await aws.JsonAsync(AwsService.Secrets, "RestoreSecret", new { SecretId = name }, cancellationToken);
        await aws.JsonAsync(AwsService.Secrets, "PutSecretValue", new { SecretId = name, SecretString = text, ClientRequestToken = $"{Guid.NewGuid():N}" }, cancellationToken);
        return found.Value.GetProperty("ARN").GetString()!;
    }

    /// <summary>Removes it at once: one that waits to be deleted would keep its name for weeks. None is none.</summary>
    internal async Task DeleteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await aws.JsonAsync(AwsService.Secrets, "DeleteSecret", new { SecretId = name, ForceDeleteWithoutRecovery = true }, cancellationToken);
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

    private static bool IsDeleted(JsonElement secret) => secret.TryGetProperty("DeletedDate", out var deleted) && deleted.ValueKind == JsonValueKind.Number;
}
