using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;

namespace Tenantry.Server.Store;

/// <summary>Lists and small records as JSON columns.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyList<Condition>))]
[JsonSerializable(typeof(IReadOnlyList<ResourceObservation>))]
[JsonSerializable(typeof(IReadOnlyList<DriftItem>))]
[JsonSerializable(typeof(IReadOnlyList<OperationStep>))]
[JsonSerializable(typeof(Endpoint))]
[JsonSerializable(typeof(WakeRecord))]
[JsonSerializable(typeof(LlmWish))]
[JsonSerializable(typeof(LlmKey))]
[JsonSerializable(typeof(LlmUsage))]
internal sealed partial class StoreJson : JsonSerializerContext
{
    private const string EmptyList = "[]";

    private static readonly Dictionary<string, string> NoValues = new(StringComparer.Ordinal);

    public static string Write<T>(IReadOnlyList<T> list, JsonTypeInfo<IReadOnlyList<T>> type) =>
        list.Count == 0 ? EmptyList : JsonSerializer.Serialize(list, type);

    public static IReadOnlyList<T> Read<T>(string json, JsonTypeInfo<IReadOnlyList<T>> type) =>
        json == EmptyList ? [] : JsonSerializer.Deserialize(json, type) ?? [];

    public static string Write(IReadOnlyDictionary<string, string> values) =>
        values.Count == 0 ? "{}" : JsonSerializer.Serialize(values, Default.IReadOnlyDictionaryStringString);

    public static IReadOnlyDictionary<string, string> ReadValues(string json) =>
        json == "{}" ? NoValues : JsonSerializer.Deserialize(json, Default.IReadOnlyDictionaryStringString) ?? NoValues;

    public static string? WriteOptional<T>(T? value, JsonTypeInfo<T> type)
        where T : class => value is null ? null : JsonSerializer.Serialize(value, type);

    public static T? ReadOptional<T>(string? json, JsonTypeInfo<T> type)
        where T : class => json is null ? null : JsonSerializer.Deserialize(json, type);
}
