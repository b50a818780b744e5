using System.Text.Json;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.LlmKeys.OpenRouter;

/// <summary>Bodies of OpenRouter's key API. Amounts are US dollars on both sides; they are never anything else here.</summary>
internal static class OpenRouterJson
{
    /// <summary>Body of <c>POST /keys</c>.</summary>
    public static byte[] Create(KeyTerms terms, string workspace) => Write(json =>
    {
        json.WriteString("name", terms.Name);
        WriteLimit(json, terms.Limit, terms.Reset);
        if (workspace.Length > 0)
            json.WriteString("workspace_id", workspace);
    });

    /// <summary>Body of <c>PATCH /keys/{hash}</c> for another limit.</summary>
    public static byte[] Limit(decimal limit, LlmReset reset) => Write(json => WriteLimit(json, limit, reset));

    /// <summary>Body of <c>PATCH /keys/{hash}</c> that disables or enables.</summary>
    public static byte[] Disabled(bool disabled) => Write(json => json.WriteBoolean("disabled", disabled));

    /// <summary>A key. Throws <see cref="FormatException"/> when it is none.</summary>
    public static ProviderKey ReadKey(JsonElement key) => new(
        Required(key, "hash"),
        Required(key, "name"),
        key.TryGetProperty("label", out var label) && label.ValueKind == JsonValueKind.String ? label.GetString()! : "",
        key.TryGetProperty("disabled", out var disabled) && disabled.ValueKind == JsonValueKind.True,
        Amount(key, "limit"),
        Amount(key, "limit_remaining"),
        Reset(key),
        Amount(key, "usage") ?? 0,
        Amount(key, "usage_daily") ?? 0,
        Amount(key, "usage_weekly") ?? 0,
        Amount(key, "usage_monthly") ?? 0);

    public static string Required(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw new FormatException($"'{name}' is missing");

    private static decimal? Amount(JsonElement key, string name) =>
        !key.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var amount) ? amount
        : throw new FormatException($"'{name}' is no amount");

    private static LlmReset Reset(JsonElement key) => !key.TryGetProperty("limit_reset", out var reset) || reset.ValueKind != JsonValueKind.String ? LlmReset.None : reset.GetString() switch
    {
        "daily" => LlmReset.Daily,
        "weekly" => LlmReset.Weekly,
        "monthly" => LlmReset.Monthly,
        _ => LlmReset.None,
    };

    private static void WriteLimit(Utf8JsonWriter json, decimal limit, LlmReset reset)
    {
        json.WriteNumber("limit", limit);
        if (reset == LlmReset.None)
            json.WriteNull("limit_reset");
        else
            json.WriteString("limit_reset", reset.ToString().ToLowerInvariant());
    }

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
