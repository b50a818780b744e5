using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>A webhook that was taken in for an instance that was not ready.</summary>
/// <param name="Id">Its delivery id, told to sender and app.</param>
/// <param name="ReceivedAt">When it was taken in.</param>
/// <param name="ExpiresAt">When it becomes a dead letter if it was not delivered.</param>
/// <param name="Method">As it was sent.</param>
/// <param name="Scheme">As it was sent.</param>
/// <param name="Target">Path and query, byte for byte.</param>
/// <param name="Host">The name that it was sent to.</param>
/// <param name="Peer">The sender's address.</param>
/// <param name="Headers">As they were sent, those of one connection left out.</param>
/// <param name="Body">The body; may be secret, as headers may.</param>
internal sealed record StoredWebhook(
    string Id,
    DateTimeOffset ReceivedAt,
    DateTimeOffset ExpiresAt,
    string Method,
    string Scheme,
    string Target,
    string Host,
    string? Peer,
    IReadOnlyList<KeyValuePair<string, string>> Headers,
    byte[] Body)
{
    /// <summary>Why it is a dead letter, or null.</summary>
    public string? Failure { get; init; }

    /// <summary>When a person last had it tried again, or null.</summary>
    public DateTimeOffset? ReplayedAt { get; init; }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, StoredWebhookContext.Default.StoredWebhook);

    public static StoredWebhook? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, StoredWebhookContext.Default.StoredWebhook);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(StoredWebhook))]
internal sealed partial class StoredWebhookContext : JsonSerializerContext;
