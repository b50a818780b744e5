using System.Globalization;
using System.Text.Json;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>Who holds a state, as Terraform writes it down.</summary>
/// <param name="Id">What <c>force-unlock</c> asks for.</param>
/// <param name="Who">User and machine.</param>
/// <param name="Operation">What they do.</param>
/// <param name="Created">Since when.</param>
internal sealed record StateLock(string Id, string Who, string Operation, DateTimeOffset Created)
{
    /// <summary>Reads one, or null when it is none.</summary>
    internal static StateLock? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var json = JsonSerializer.Deserialize<JsonElement>(bytes);
            return new StateLock(
                json.GetProperty("ID").GetString()!,
                json.GetProperty("Who").GetString()!,
                json.GetProperty("Operation").GetString()!.Replace("OperationType", "", StringComparison.Ordinal).ToLowerInvariant(),
                DateTimeOffset.Parse(json.GetProperty("Created").GetString()!, CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>
    /// True when a run of ours took it and was ended so hard that it could not give it back: taken on this machine, after the run began, and the run is dead. Nobody else can hold it.
    /// </summary>
    internal bool IsLeftBy(TerraformRun? run, string machine) =>
        run is { Process.IsAlive: false } && Who.EndsWith("@" + machine, StringComparison.Ordinal) && Created >= run.StartedAt - TimeSpan.FromSeconds(5);
}
