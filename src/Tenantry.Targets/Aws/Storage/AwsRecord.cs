using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;

namespace Tenantry.Targets.Aws.Storage;

/// <summary>
/// What is known of an instance beside its state, written before anything of it is made and removed after everything of it is gone, so that a run that was cut off is always found.
/// Nothing secret is in it.
/// </summary>
internal sealed record AwsRecord
{
    public required string Id { get; init; }

    public required string Slug { get; init; }

    public required string Owner { get; init; }

    public required string Workspace { get; init; }

    /// <summary>How far it is.</summary>
    public required InstanceStage Stage { get; init; }

    public required string Digest { get; init; }

    public required long RestartNonce { get; init; }

    public required string Release { get; init; }

    /// <summary>Terraform's variables, without those of the target.</summary>
    public required JsonObject Variables { get; init; }

    /// <summary>What the app's secret holds, hashed.</summary>
    public required string SecretsDigest { get; init; }

    public string SecretArn { get; init; } = "";

    /// <summary>The role by which its own account is reached; empty in the account of the credentials.</summary>
    public string RoleArn { get; init; } = "";

    /// <summary>True when what holds its state was broken: what that one made may be in AWS and in no state.</summary>
    public bool IsUnsure { get; init; }

    /// <summary>Tags that were resolved to digests when the release began.</summary>
    public IReadOnlyDictionary<string, string> Images { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    internal InstanceRef Ref => new(Id, Slug, Owner);

    internal static AwsRecord? Read(byte[]? bytes) => bytes is null ? null : JsonSerializer.Deserialize<AwsRecord>(bytes, Linux.AtomicFile.Json);

    internal byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Linux.AtomicFile.Json);
}

/// <summary>How far an instance is.</summary>
internal enum InstanceStage
{
    /// <summary>It is being made or changed, or that was cut off.</summary>
    Changing,

    /// <summary>All of it is there.</summary>
    Complete,

    /// <summary>It is being removed, or that was cut off.</summary>
    Deleting,
}
