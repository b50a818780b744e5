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

    /// <summary>What was saved, or null when there is no file.</summary>
    /// <exception cref="IOException">It cannot be read, or is not a whole one; the message says why.</exception>
    public static async Task<SavedRoutes?> LoadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            var saved = await JsonSerializer.DeserializeAsync<SavedRoutes>(file, Json, cancellationToken);
            return IsWhole(saved) ? saved : throw new IOException($"{path} holds no routes.");
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception odd) when (odd is JsonException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new IOException($"{path} cannot be read: {odd.Message}", odd);
        }
    }

    private static bool IsWhole(SavedRoutes? saved) =>
        saved?.Hosts is { } hosts && hosts.Values.All(route => route is { InstanceId: not null, Slug: not null, Tenant: not null });

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
