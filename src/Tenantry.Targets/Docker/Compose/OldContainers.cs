using System.Formats.Tar;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Data;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>A container that Compose made.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Runs">Whether it runs.</param>
/// <param name="Restart">The engine's word for when it starts it by itself: no, always, unless-stopped or on-failure.</param>
public sealed record OldContainer(string Id, string Name, bool Runs, string Restart = "no");

/// <summary>Containers that Compose made, as far as a tenant leaves them: found, stopped, read, started again, and removed when told to.</summary>
/// <param name="socket">The engine's socket.</param>
public sealed class OldContainers(string socket) : IAsyncDisposable
{
    private readonly EngineClient _engine = new(socket);

    /// <summary>The container of a service, or null when there is none.</summary>
    /// <param name="service">Its service in the Compose file.</param>
    /// <param name="container">The name that the file gives it, or null.</param>
    /// <param name="project">The Compose project, or null when only one has such a service.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TargetException">Several projects have one, or the engine does not answer.</exception>
    public Task<OldContainer?> FindAsync(string service, string? container, string? project, CancellationToken cancellationToken) => AskAsync($"Looking for the container of {service}", async () =>
    {
        var wanted = project is null ? DockerLabels.Filter(("com.docker.compose.service", service)) : DockerLabels.Filter(("com.docker.compose.service", service), ("com.docker.compose.project", project));
        var found = (await _engine.GetAsync($"/containers/json?all=1&{wanted}", cancellationToken)).EnumerateArray().Select(Read).ToList();
        if (found.Count == 0 && container is not null)
            found = [.. (await _engine.GetAsync("/containers/json?all=1", cancellationToken)).EnumerateArray().Select(Read).Where(one => one.Name == container)];
        var chosen = found.Count > 1 && found.Find(one => one.Name == container) is null
            ? throw new TargetException($"Several containers are of a service '{service}': {string.Join(", ", found.Select(one => one.Name))}. Say which project with --project.", retryable: false)
            : found.Find(one => one.Name == container) ?? found.FirstOrDefault();
        if (chosen is null)
            return null;
        var policy = (await _engine.GetAsync($"/containers/{chosen.Id}/json", cancellationToken)).GetProperty("HostConfig").GetProperty("RestartPolicy").GetProperty("Name").GetString();
        return policy is { Length: > 0 } ? chosen with { Restart = policy } : chosen;
    });

    /// <summary>Stops it as it wants to be stopped. So already is fine.</summary>
    public Task StopAsync(OldContainer container, CancellationToken cancellationToken) =>
        AskAsync($"Stopping {container.Name}", () => _engine.PostAsync($"/containers/{container.Id}/stop", null, cancellationToken));

    /// <summary>Starts it again, as it was before it was retired.</summary>
    public Task StartAsync(OldContainer container, CancellationToken cancellationToken) => AskAsync($"Starting {container.Name}", async () =>
    {
        await RestartsAsync(container, container.Restart, cancellationToken);
        return await _engine.PostAsync($"/containers/{container.Id}/start", null, cancellationToken);
    });

    /// <summary>Has the engine start it no more by itself: what is always to run would be back beside its instance when the engine begins anew.</summary>
    public Task RetireAsync(OldContainer container, CancellationToken cancellationToken) =>
        AskAsync($"Retiring {container.Name}", () => RestartsAsync(container, "no", cancellationToken));

    /// <summary>Removes it, and none of its volumes.</summary>
    public Task RemoveAsync(OldContainer container, CancellationToken cancellationToken) =>
        AskAsync($"Removing {container.Name}", () => _engine.DeleteAsync($"/containers/{container.Id}", cancellationToken));

    /// <summary>Writes what it has at some paths as the tar that an instance's data is made from.</summary>
    /// <param name="container">A container that does not run.</param>
    /// <param name="volumes">The instance's volumes by path in the container.</param>
    /// <param name="without">Paths in the container that are left out.</param>
    /// <param name="owner">Whom things belong to that were root's: who is nobody in an instance.</param>
    /// <param name="output">Where to.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task WriteAsync(OldContainer container, IReadOnlyDictionary<string, string> volumes, IReadOnlyCollection<string> without, int owner, Stream output, CancellationToken cancellationToken) =>
        AskAsync($"Reading the data of {container.Name}", async () =>
        {
            await using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
            foreach (var (path, volume) in volumes.OrderBy(pair => pair.Value, StringComparer.Ordinal))
            {
                await using var stream = await _engine.StreamAsync($"/containers/{container.Id}/archive?path={Uri.EscapeDataString(path + "/.")}", null, cancellationToken);
                await using var reader = new TarReader(stream);
                while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
                {
                    var inside = Inside(entry.Name);
                    if (without.Contains($"{path}/{inside}", StringComparer.Ordinal))
                        continue;
                    if (entry.EntryType is TarEntryType.HardLink)
                        entry.LinkName = $"{volume}/{Inside(entry.LinkName)}";
                    (entry.Name, entry.Uid, entry.Gid) = ($"{volume}/{inside}".TrimEnd('/') + (entry.EntryType == TarEntryType.Directory ? "/" : ""), entry.Uid == 0 ? owner : entry.Uid, entry.Gid == 0 ? owner : entry.Gid);
                    await VolumeTar.CopyAsync(entry, tar, cancellationToken);
                }
            }

            return true;
        });

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static string Inside(string name) => name.StartsWith("./", StringComparison.Ordinal) ? name[2..].TrimEnd('/') : name.TrimEnd('/') is "." ? "" : name.TrimEnd('/');

    private static OldContainer Read(JsonElement container) =>
        new(container.GetProperty("Id").GetString()!, container.GetProperty("Names")[0].GetString()!.TrimStart('/'), container.GetProperty("State").GetString() is "running" or "paused" or "restarting");

    private Task<JsonElement> RestartsAsync(OldContainer container, string policy, CancellationToken cancellationToken) =>
        _engine.PostAsync($"/containers/{container.Id}/update", new JsonObject { ["RestartPolicy"] = new JsonObject { ["Name"] = policy } }, cancellationToken);

    private static async Task<T> AskAsync<T>(string what, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (EngineException error)
        {
            throw DockerErrors.Explain(error, what);
        }
    }
}
