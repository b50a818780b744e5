using System.Formats.Tar;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Archives;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Data;

/// <summary>Hands an instance's volumes out as one tar, and takes one in.</summary>
internal sealed class DockerData(DockerHost host, string dataFolder)
{
    internal async Task ExportAsync(InstanceRef instance, Stream output, CancellationToken cancellationToken)
    {
        var (seen, image) = await FindAsync(instance, cancellationToken);
        await host.Carriers.WithAsync(
            instance,
            image,
            seen.Volumes,
            async carrier =>
            {
                await using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
                foreach (var volume in seen.Volumes)
                    await CopyAsync(instance, volume, carrier, tar, cancellationToken);
            },
            cancellationToken);
    }

    internal async Task ImportAsync(InstanceRef instance, Stream input, CancellationToken cancellationToken)
    {
        var (seen, image) = await FindAsync(instance, cancellationToken);
        if (seen.Services.Values.Any(container => container.State.IsUp))
            throw new TargetException("It runs: its data cannot be replaced. Put it to sleep first.", retryable: true, DockerNames.InstanceResource(instance));
        await using var checkedTar = await VolumeTar.CheckAsync(input, seen.Volumes, dataFolder, cancellationToken);

        // The archive API adds and never removes, so that the volumes are made anew, and the containers that hold them with them.
        var record = host.Records.Read(instance);
        host.Records.Write(instance, new InstanceRecord(DockerObserver.DigestOf(seen, [.. seen.Ordered], record) ?? "", [.. seen.Services.Values.Select(container => container.Id)], ImportCutOff: true));
        var volumes = new List<JsonElement>();
        foreach (var volume in seen.Volumes)
            volumes.Add(await host.Engine.GetAsync($"/volumes/{DockerNames.Volume(instance, volume)}", cancellationToken));
        foreach (var container in seen.Ordered.Reverse())
            await host.Removal.RemoveAsync(container.Id, cancellationToken);
        foreach (var volume in volumes)
            await RenewAsync(volume, cancellationToken);
        await host.Carriers.WithAsync(instance, image, seen.Volumes, carrier => host.Carriers.WriteAsync(carrier, checkedTar, cancellationToken), cancellationToken);
        await RemakeAsync(instance, seen, cancellationToken);
        host.Records.Remove(instance);
    }

    private async Task CopyAsync(InstanceRef instance, string volume, string carrier, TarWriter tar, CancellationToken cancellationToken)
    {
        await using var stream = await host.Carriers.ReadAsync(carrier, volume, cancellationToken);
        await using var reader = new TarReader(stream);
        try
        {
            while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                VolumeTar.RefuseUnreadable(entry);
                await VolumeTar.CopyAsync(entry, tar, cancellationToken);
            }
        }
        catch (InvalidDataException error)
        {
            throw new TargetException(
                $"Its data cannot be handed out whole: the engine's tar cannot be read ({error.Message.TrimEnd('.')}).", retryable: false, DockerNames.VolumeResource(instance, volume), "Look for names with a line break in it.", error, TargetFault.Content);
        }
    }

    private async Task RenewAsync(JsonElement volume, CancellationToken cancellationToken)
    {
        var name = volume.GetProperty("Name").GetString()!;
        await host.Engine.DeleteAsync($"/volumes/{name}", cancellationToken);
        await host.Engine.PostAsync("/volumes/create", new JsonObject { ["Name"] = name, ["Driver"] = "local", ["Labels"] = JsonNode.Parse(volume.GetProperty("Labels").GetRawText()) }, cancellationToken);
    }

    // What the engine says of a container is, part by part, what it wants to be told for one like it.
    private async Task RemakeAsync(InstanceRef instance, InstanceSeen seen, CancellationToken cancellationToken)
    {
        string? first = null;
        foreach (var container in seen.Ordered)
        {
            var body = (JsonObject)JsonNode.Parse(container.Raw.GetProperty("Config").GetRawText())!;
            var hostConfig = JsonNode.Parse(container.Raw.GetProperty("HostConfig").GetRawText())!;
            if (first is not null)
            {
                hostConfig["NetworkMode"] = $"container:{first}";
                body.Remove("Hostname");
            }

            body["HostConfig"] = hostConfig;
            var made = await host.Engine.PostAsync($"/containers/create?name={DockerNames.Container(instance, container.Service!)}", body, cancellationToken);
            first ??= made.GetProperty("Id").GetString();
        }
    }

    private async Task<(InstanceSeen Seen, string Image)> FindAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var seen = await host.Reader.ReadAsync(instance, cancellationToken);
        var image = seen.Ordered.FirstOrDefault()?.Raw.GetProperty("Image").GetString()
            ?? throw new TargetException("It has no container, so that its volumes cannot be reached.", retryable: true, DockerNames.InstanceResource(instance));
        return (seen, image);
    }
}
