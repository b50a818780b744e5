using System.Text.Json;
using System.Text.Json.Serialization;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway;

/// <summary>The last good routes on disk, so that a gateway that starts without store and engine serves what it served before.</summary>
internal static class RouteFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        TypeInfoResolver = RouteFileContext.Default,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>What was saved, or null when there is no file or not a whole one.</summary>
    public static async Task<SavedRoutes?> LoadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync<SavedRoutes>(file, Json, cancellationToken);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Whole or not at all: a crash in between leaves the file before.</summary>
    public static Task SaveAsync(string path, SavedRoutes routes, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return AtomicFile.WriteAsync(path, file => JsonSerializer.SerializeAsync(file, routes, Json, cancellationToken), durable: true);
    }
}

/// <summary>Host names and where they led at that time.</summary>
internal sealed record SavedRoutes(DateTimeOffset At, IReadOnlyDictionary<string, Route> Hosts);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(SavedRoutes))]
internal sealed partial class RouteFileContext : JsonSerializerContext;
