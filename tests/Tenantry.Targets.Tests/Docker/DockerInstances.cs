using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Tests.Local;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>Instances in containers, and containers without any protection beside them, which show that an attack works.</summary>
internal sealed class DockerInstances(EngineFixture engine) : InstancesOn<DockerHarness>(new DockerHarness(engine))
{
    private readonly List<string> _plain = [];

    internal InstanceWorkload Workload(string slug, string script, Func<InstanceWorkload, InstanceWorkload> change) =>
        SampleApp.Digested(change(Workload(slug, script)));

    /// <summary>What the engine says of a service's container.</summary>
    internal Task<JsonElement> InspectAsync(InstanceWorkload workload, string service = "main") =>
        engine.Engine.GetAsync($"/containers/{DockerNames.Container(workload.Ref, service)}/json", Stop);

    internal async Task<string> AddressAsync(InstanceWorkload workload) =>
        (await InspectAsync(workload)).GetProperty("NetworkSettings").GetProperty("Networks").GetProperty(DockerNames.Network(workload.Ref)).GetProperty("IPAddress").GetString()!;

    /// <summary>True when a script in an instance succeeds and prints the canary, if there is one.</summary>
    internal async Task<bool> SucceedsAsync(InstanceWorkload attacker, string script, string? canary = null)
    {
        var (code, output) = await RunAsync(attacker, script);
        return code == 0 && (canary is null || output.Contains(canary, StringComparison.Ordinal));
    }

    /// <summary>Those of these places that an instance gets the canary from, asked beside each other: what is closed answers nothing, and is waited for.</summary>
    internal async Task<IReadOnlyList<string>> ReachedAsync(InstanceWorkload attacker, IReadOnlyList<string> places, string canary = "reached")
    {
        var reached = await Task.WhenAll(places.Select(place => SucceedsAsync(attacker, Fetch(place), canary)));
        return [.. places.Where((_, i) => reached[i])];
    }

    /// <summary>A script that asks a place for a page.</summary>
    internal static string Fetch(string place) => $"timeout 3 busybox wget -q -O - http://{place}/";

    /// <summary>A network as the engine makes it, with a container on it that runs a script; gives the network's name and the container's name.</summary>
    internal async Task<(string Network, string Victim)> PlainNeighbourAsync(string script)
    {
        var name = $"plain-{Guid.NewGuid():N}";
        await engine.Engine.PostAsync("/networks/create", new JsonObject { ["Name"] = name }, Stop);
        var body = new JsonObject
        {
            ["Image"] = EngineFixture.Image,
            ["Entrypoint"] = new JsonArray("/bin/busybox", "sh", "-c"),
            ["Cmd"] = new JsonArray(script),
            ["HostConfig"] = new JsonObject { ["NetworkMode"] = name },
        };
        await engine.Engine.PostAsync($"/containers/create?name={name}", body, Stop);
        await engine.Engine.PostAsync($"/containers/{name}/start", null, Stop);
        _plain.Add(name);
        return (name, name);
    }

    /// <summary>Removes what <see cref="PlainNeighbourAsync"/> made, before the instances go.</summary>
    internal async Task RemovePlainAsync()
    {
        foreach (var name in _plain)
        {
            await engine.Engine.DeleteAsync($"/containers/{name}?force=1&v=1", Stop);
            await engine.Engine.DeleteAsync($"/networks/{name}", Stop);
        }
    }

    /// <summary>As <see cref="SucceedsAsync"/>, in a container as root with only that protection that <paramref name="host"/> asks for.</summary>
    internal async Task<bool> SucceedsUnprotectedAsync(JsonObject host, string script, string? canary = null)
    {
        var body = new JsonObject
        {
            ["Image"] = EngineFixture.Image,
            ["User"] = "0:0",
            ["Entrypoint"] = new JsonArray("/bin/busybox", "sh", "-c"),
            ["Cmd"] = new JsonArray(script),
            ["HostConfig"] = host,
        };
        var id = (await engine.Engine.PostAsync("/containers/create", body, Stop)).GetProperty("Id").GetString();
        try
        {
            await engine.Engine.PostAsync($"/containers/{id}/start", null, Stop);
            var end = await engine.Engine.PostAsync($"/containers/{id}/wait", null, Stop);
            await using var said = await engine.Engine.StreamAsync($"/containers/{id}/logs?stdout=1&stderr=1", null, Stop);
            using var reader = new StreamReader(said);
            var output = await reader.ReadToEndAsync(Stop);
            return end.GetProperty("StatusCode").GetInt32() == 0 && (canary is null || output.Contains(canary, StringComparison.Ordinal));
        }
        finally
        {
            await engine.Engine.DeleteAsync($"/containers/{id}?force=1&v=1", Stop);
        }
    }
}
