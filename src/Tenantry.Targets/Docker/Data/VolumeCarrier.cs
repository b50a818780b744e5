using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Data;

/// <summary>
/// Reaches volumes through the archive API. That wants a container that has them: one that is made of an image that is there
/// anyway, never started, and removed at once.
/// </summary>
internal sealed class VolumeCarrier(IEngine engine)
{
    private const string Place = "/volumes";
    private const string FolderPlace = "/folder";
    private readonly ContainerRemoval _removal = new(engine);

    // One instance has one carrier, since it has one name: who comes second waits.
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);

    /// <summary>The request that makes it. Pure.</summary>
    internal static JsonObject Create(InstanceRef instance, string image, IEnumerable<string> volumes, string? folder = null) => new()
    {
        ["Image"] = image,
        ["Entrypoint"] = new JsonArray("/never-started"),
        ["NetworkDisabled"] = true,
        ["Labels"] = new JsonObject(DockerLabels.Of(instance).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        ["HostConfig"] = new JsonObject
        {
            ["NetworkMode"] = "none",
            ["CapDrop"] = new JsonArray("ALL"),
            ["Binds"] = folder is null ? null : new JsonArray($"{folder}:{FolderPlace}"),
            ["Mounts"] = new JsonArray([.. volumes.Select(volume => new JsonObject
            {
                ["Type"] = "volume",
                ["Source"] = DockerNames.Volume(instance, volume),
                ["Target"] = $"{Place}/{volume}",
                ["VolumeOptions"] = new JsonObject { ["NoCopy"] = true },
            })]),
        },
    };

    /// <summary>Gives each volume that still is the engine's to its user: a new one belongs to root.</summary>
    internal async Task OwnAsync(InstanceRef instance, string image, IReadOnlyList<(string Volume, uint User, uint Group)> owners, CancellationToken cancellationToken)
    {
        if (owners.Count == 0)
            return;
        await WithAsync(
            instance,
            image,
            owners.Select(owner => owner.Volume),
            carrier => OwnAsync(carrier, owners, cancellationToken),
            cancellationToken);
    }

    /// <summary>The same through a carrier that has them.</summary>
    internal async Task OwnAsync(string carrier, IReadOnlyList<(string Volume, uint User, uint Group)> owners, CancellationToken cancellationToken)
    {
        foreach (var (volume, user, group) in owners)
        {
            if (user != 0 && await IsRootsAsync(carrier, volume, cancellationToken))
                await GiveAsync(carrier, volume, user, group, cancellationToken);
        }
    }

    /// <summary>Makes one, works with its id, and removes it whatever happens.</summary>
    internal async Task WithAsync(InstanceRef instance, string image, IEnumerable<string> volumes, Func<string, Task> work, CancellationToken cancellationToken, string? folder = null)
    {
        var name = DockerNames.Carrier(instance);
        var turn = _turns.GetOrAdd(name, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            await _removal.RemoveAsync(name, cancellationToken);
            var made = await engine.PostAsync($"/containers/create?name={name}", Create(instance, image, volumes, folder), CancellationToken.None);
            await work(made.GetProperty("Id").GetString()!);
        }
        finally
        {
            try
            {
                await _removal.RemoveAsync(name, CancellationToken.None);
            }
            finally
            {
                turn.Release();
            }
        }
    }

    /// <summary>A tar of one volume; names begin with the volume's.</summary>
    internal Task<Stream> ReadAsync(string carrier, string volume, CancellationToken cancellationToken) =>
        engine.StreamAsync($"/containers/{carrier}/archive?path={Place}/{Uri.EscapeDataString(volume)}", null, cancellationToken);

    /// <summary>Unpacks a tar of volumes.</summary>
    internal Task WriteAsync(string carrier, Stream tar, CancellationToken cancellationToken) =>
        engine.PutAsync($"/containers/{carrier}/archive?path={Place}", tar, cancellationToken);

    /// <summary>Unpacks a tar into the folder of the engine's machine that the carrier has.</summary>
    internal Task WriteFolderAsync(string carrier, Stream tar, CancellationToken cancellationToken) =>
        engine.PutAsync($"/containers/{carrier}/archive?path={FolderPlace}", tar, cancellationToken);

    /// <summary>A tar of what is at a path of that folder, or null when nothing is.</summary>
    internal async Task<Stream?> ReadFolderAsync(string carrier, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await engine.StreamAsync($"/containers/{carrier}/archive?path={FolderPlace}/{Uri.EscapeDataString(path)}", null, cancellationToken);
        }
        catch (EngineException error) when (DockerErrors.IsGone(error))
        {
            return null;
        }
    }

    private async Task<bool> IsRootsAsync(string carrier, string volume, CancellationToken cancellationToken)
    {
        await using var stream = await ReadAsync(carrier, volume, cancellationToken);
        await using var tar = new TarReader(stream);
        return await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { Uid: 0 };
    }

    private async Task GiveAsync(string carrier, string volume, uint user, uint group, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        await using (var tar = new TarWriter(buffer, TarEntryFormat.Pax, leaveOpen: true))
        {
            var folder = new PaxTarEntry(TarEntryType.Directory, volume + "/") { Uid = (int)user, Gid = (int)group, Mode = (UnixFileMode)0b111_101_101 };
            await tar.WriteEntryAsync(folder, cancellationToken);
        }

        buffer.Position = 0;
        await WriteAsync(carrier, buffer, cancellationToken);
    }
}
