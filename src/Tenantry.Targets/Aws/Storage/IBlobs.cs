using System.Text.Json.Nodes;

namespace Tenantry.Targets.Aws.Storage;

/// <summary>Where states and records lie: a bucket, or a folder for one person's use.</summary>
internal interface IBlobs
{
    /// <summary>Terraform's backend that keeps its states here.</summary>
    JsonObject Backend { get; }

    /// <summary>Where a workspace's state lies.</summary>
    string StateKey(string workspace);

    /// <summary>Where its lock lies; null where the kernel frees it when its holder ends.</summary>
    string? LockKey(string workspace);

    /// <summary>What lies there, or null.</summary>
    Task<byte[]?> GetAsync(string key, CancellationToken cancellationToken);

    Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Writes where nothing lies; false when something does.</summary>
    Task<bool> PutNewAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    Task DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>Keys that begin so.</summary>
    Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken);
}
