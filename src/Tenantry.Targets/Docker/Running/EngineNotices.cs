using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Running;

/// <summary>Listens to the engine's events for instances that should be looked at.</summary>
internal sealed class EngineNotices(DockerHost host)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    internal async IAsyncEnumerable<string> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var reader = await OpenAsync(cancellationToken);
            while (reader is not null && await LineAsync(reader, cancellationToken) is { } line)
            {
                if (InstanceOf(line) is { } instance)
                    yield return instance;
            }

            reader?.Dispose();
            await Task.Delay(Pause, host.Time, cancellationToken);
        }
    }

    /// <summary>The instance that an event is about, or null. Pure.</summary>
    internal static string? InstanceOf(string line)
    {
        if (line.Length == 0)
            return null;
        var attributes = JsonElement.Parse(line).GetProperty("Actor").GetProperty("Attributes");
        return attributes.TryGetProperty(DockerLabels.Instance, out var instance) && attributes.TryGetProperty(DockerLabels.Service, out _) ? instance.GetString() : null;
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
