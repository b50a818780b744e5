using System.Text.Json;
using Tenantry.Model.Instances;

namespace Tenantry.Targets.Docker.Engine;

/// <summary>Reads what the engine holds of an instance. Changes nothing.</summary>
internal sealed class InstanceReader(IEngine engine)
{
    internal async Task<InstanceSeen> ReadAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var filter = DockerLabels.FilterOf(instance);
        var networks = engine.GetAsync($"/networks?{filter}", cancellationToken);
        var volumes = engine.GetAsync($"/volumes?{DockerLabels.NameFilter(DockerNames.Volume(instance, ""))}", cancellationToken);
        var listed = await engine.GetAsync($"/containers/json?all=1&{filter}", cancellationToken);
        var services = new Dictionary<string, ContainerSeen>(StringComparer.Ordinal);
        var former = new Dictionary<string, ContainerSeen>(StringComparer.Ordinal);
        string? carrier = null;
        foreach (var item in listed.EnumerateArray())
        {
            var container = await FindAsync(item.GetProperty("Id").GetString()!, cancellationToken);
            if (container?.Service is not { } service)
                carrier = container?.Id ?? carrier;
            else if (container.Name == DockerNames.Container(instance, service))
                services[service] = container;
            else
                former[service] = container;
        }

        var network = (await networks).EnumerateArray().Where(item => item.GetProperty("Name").GetString() == DockerNames.Network(instance)).ToList();
        return new InstanceSeen(
            network.Count == 0 ? null : ContainerSeen.LabelsOf(network[0]),
            [.. VolumesOf(instance, await volumes)],
            services,
            former,
            carrier);
    }

    /// <summary>Its services' containers and what the engine's list says of each (running, paused, …), oldest first: one question, where nothing else need be known.</summary>
    internal async Task<IReadOnlyList<(string Id, string State)>> StatesAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var listed = await engine.GetAsync($"/containers/json?all=1&{DockerLabels.FilterOf(instance)}", cancellationToken);
        return
        [
            .. listed.EnumerateArray().Reverse()
                .Where(item => ContainerSeen.LabelsOf(item).GetValueOrDefault(DockerLabels.Service) is { } service && IsNamed(item, DockerNames.Container(instance, service)))
                .Select(item => (item.GetProperty("Id").GetString()!, item.GetProperty("State").GetString()!)),
        ];
    }

    private static bool IsNamed(JsonElement item, string name) => item.GetProperty("Names").EnumerateArray().Any(one => one.GetString()!.TrimStart('/') == name);

    // By their names: an engine that is ended while it makes a volume can lose its labels.
    private static IEnumerable<string> VolumesOf(InstanceRef instance, JsonElement volumes)
    {
        var prefix = DockerNames.Volume(instance, "");
        return Items(volumes, "Volumes").Select(volume => volume.GetProperty("Name").GetString()!)
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => name[prefix.Length..])
            .Order(StringComparer.Ordinal);
    }

    /// <summary>A container by name or id, or null.</summary>
    internal async Task<ContainerSeen?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return ContainerSeen.Read(await engine.GetAsync($"/containers/{name}/json", cancellationToken));
        }
        catch (EngineException error) when (DockerErrors.IsGone(error))
        {
            return null;
        }
    }

    /// <summary>Every instance with that owner of which there is anything.</summary>
    internal async Task<IReadOnlyList<InstanceRef>> OwnedAsync(string owner, CancellationToken cancellationToken)
    {
        var filter = DockerLabels.Filter((DockerLabels.Owner, owner));
        var items = new List<JsonElement>();
        items.AddRange((await engine.GetAsync($"/containers/json?all=1&{filter}", cancellationToken)).EnumerateArray());
        items.AddRange((await engine.GetAsync($"/networks?{filter}", cancellationToken)).EnumerateArray());
        items.AddRange(Items(await engine.GetAsync($"/volumes?{filter}", cancellationToken), "Volumes"));
        return
        [
            .. items.Select(ContainerSeen.LabelsOf)
                .Where(labels => labels.ContainsKey(DockerLabels.Instance))
                .Select(labels => new InstanceRef(labels[DockerLabels.Instance], labels.GetValueOrDefault(DockerLabels.Slug, ""), owner))
                .Distinct()
                .OrderBy(instance => instance.Slug, StringComparer.Ordinal).ThenBy(instance => instance.Id, StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<JsonElement> Items(JsonElement json, string name) =>
        json.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : [];
}
