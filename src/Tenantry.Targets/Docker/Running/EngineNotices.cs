using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Running;

/// <summary>
/// Tells of instances that should be looked at: those that the engine's events are about, and all of them whenever it begins to listen, since what
/// happened before was told to nobody. Once when the engine goes, too: then nothing of what is known of them holds.
/// </summary>
internal sealed class EngineNotices(DockerHost host)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    internal async IAsyncEnumerable<string> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            using var reader = await OpenAsync(cancellationToken);
            var there = reader is null ? null : await ThereAsync(cancellationToken);
            known.UnionWith(there ?? []);
            foreach (var instance in known)
                yield return instance;

            // What is gone was told of; what comes back is there again.
            known = there ?? [];
            while (there is not null && await LineAsync(reader!, cancellationToken) is { } line)
            {
                if (InstanceOf(line) is not { } instance)
                    continue;
                known.Add(instance);
                yield return instance;
            }

            await Task.Delay(Pause, host.Time, cancellationToken);
        }
    }

    /// <summary>The instance that an event is about, or null. Pure.</summary>
    internal static string? InstanceOf(string line)
    {
        try
        {
            return line.Length > 0 && JsonElement.Parse(line).TryGetProperty("Actor", out var actor) && actor.TryGetProperty("Attributes", out var attributes)
                && attributes.TryGetProperty(DockerLabels.Instance, out var instance) && attributes.TryGetProperty(DockerLabels.Service, out _)
                ? instance.GetString()
                : null;
        }
        catch (JsonException)
        {
            // The last line of an engine that was ended while it wrote it.
            return null;
        }
    }

    private async Task<HashSet<string>?> ThereAsync(CancellationToken cancellationToken)
    {
        try
        {
            var owned = await host.Reader.OwnedAsync(host.Owner, cancellationToken);
            return [.. owned.Select(instance => instance.Id)];
        }
        catch (EngineException error)
        {
            host.Logger.LogDebug(error, "The engine does not say now what it has");
            return null;
        }
    }

    private async Task<StreamReader?> OpenAsync(CancellationToken cancellationToken)
    {
        var filter = JsonSerializer.Serialize(new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["type"] = ["container"],
            ["event"] = ["die", "oom", "destroy", "health_status"],
            ["label"] = [$"{DockerLabels.Owner}={host.Owner}"],
        });
        try
        {
            return new StreamReader(await host.Engine.StreamAsync($"/events?filters={Uri.EscapeDataString(filter)}", null, cancellationToken));
        }
        catch (EngineException error)
        {
            host.Logger.LogDebug(error, "The engine's events cannot be read now");
            return null;
        }
    }

    private async Task<string?> LineAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (IOException error)
        {
            host.Logger.LogDebug(error, "The engine's events ended");
            return null;
        }
    }
}
