using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Networks;

/// <summary>A bridge network for each instance and for nobody else.</summary>
internal sealed class InstanceNetworks(IEngine engine, DockerTargetOptions options) : IDisposable
{
    private const int MostTries = 20;
    private const int MostLooks = 100;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);
    private readonly EngineFirewall _firewall = new(engine, options);
    private readonly SemaphoreSlim _choosing = new(1);

    /// <summary>What an instance may reach, as a label that tells a change.</summary>
    internal static string EgressLabel(EgressRules egress) =>
        egress.Mode == EgressMode.List ? $"list {string.Join(' ', egress.Allow.Order(StringComparer.Ordinal))}" : egress.Mode.ToString().ToLowerInvariant();

    /// <summary>The rules that a label stands for.</summary>
    internal static EgressRules EgressOf(string label) => label.Split(' ', StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["internet"] => new EgressRules(EgressMode.Internet, []),
        ["list", .. var allow] => new EgressRules(EgressMode.List, allow),
        _ => new EgressRules(EgressMode.None, []),
    };

    /// <summary>The request that makes it. Pure.</summary>
    internal static JsonObject Create(InstanceWorkload workload, IPNetwork subnet, bool isRemote = false)
    {
        // Into an internal network nothing can be published: on another machine that machine's rules close it.
        var isClosed = workload.Egress.Mode == EgressMode.None && !isRemote;
        var labels = DockerLabels.Of(workload);
        labels[DockerLabels.Egress] = EgressLabel(workload.Egress);
        var isOpen = isRemote && workload.Egress.Mode == EgressMode.Internet;
        var driver = new JsonObject { ["com.docker.network.bridge.name"] = isOpen ? DockerNames.OpenBridge(workload.Ref) : DockerNames.Bridge(workload.Ref) };

        // Without an address of its own on the bridge the host cannot be reached from it.
        if (isClosed)
            driver["com.docker.network.bridge.inhibit_ipv4"] = "true";
        if (isRemote && !isOpen)
            driver["com.docker.network.bridge.enable_ip_masquerade"] = "false";
        return new JsonObject
        {
            ["Name"] = DockerNames.Network(workload.Ref),
            ["CheckDuplicate"] = true,
            ["Driver"] = "bridge",
            ["Internal"] = isClosed,
            ["EnableIPv6"] = false,
            ["Options"] = driver,
            ["IPAM"] = new JsonObject { ["Config"] = new JsonArray(new JsonObject { ["Subnet"] = subnet.ToString() }) },
            ["Labels"] = new JsonObject(labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        };
    }

    /// <summary>Makes an instance's network, unless it is there or being made.</summary>
    internal async Task EnsureAsync(InstanceWorkload workload, CancellationToken cancellationToken)
    {
        if (workload.Egress.Mode != EgressMode.None && options.Remote is null)
            await _firewall.AllowAsync(workload.Ref, workload.Egress, cancellationToken);
        IReadOnlyList<HostRoute> routes;
        await _choosing.WaitAsync(cancellationToken);
        try
        {
            var existing = await engine.GetAsync("/networks", cancellationToken);
            if (IsAmong(existing, workload.Ref))
                return;
            var seed = BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(workload.Ref.Id)));
            routes = options.Remote is null ? [.. (await HostRoutes.ReadAsync(engine, cancellationToken)).Touching(options.Subnets)] : [];
            var free = SubnetAllocator.Free(options.Subnets, [.. Subnets(existing), .. routes.Select(route => route.Range)], seed);
            foreach (var subnet in free.Take(MostTries))
            {
                try
                {
                    await engine.PostAsync("/networks/create", Create(workload, subnet, options.Remote is not null), CancellationToken.None);
                    return;
                }
                catch (EngineException error) when (DockerErrors.IsSubnetTaken(error))
                {
                    // Somebody else took it since it was looked for.
                }
                catch (EngineException error) when (DockerErrors.IsBeingMade(error))
                {
                    await UntilMadeAsync(workload.Ref, cancellationToken);
                    return;
                }
            }
        }
        finally
        {
            _choosing.Release();
        }

        throw new TargetException(
            $"No free network is left in {options.Subnets}, which has room for {SubnetAllocator.Capacity(options.Subnets)}{(routes.Count == 0 ? "" : $", without what the host has routes for: {string.Join(", ", routes)}")}.",
            retryable: true,
            DockerNames.NetworkResource(workload.Ref),
            routes.Count == 0 ? "Give the target a larger range with the option subnets." : "Give the target a range that the host has no routes for, or a larger one, with the option subnets.");
    }

    private static bool IsAmong(JsonElement networks, InstanceRef instance) =>
        networks.EnumerateArray().Any(network => network.GetProperty("Name").GetString() == DockerNames.Network(instance));

    // A pass that was cut off had asked for it, and the engine is still at it.
    private async Task UntilMadeAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        for (var look = 0; look < MostLooks; look++)
        {
            if (IsAmong(await engine.GetAsync("/networks", cancellationToken), instance))
                return;
            await Task.Delay(BetweenLooks, cancellationToken);
        }

        throw new TargetException("The engine says that it is being made, and it does not appear.", retryable: true, DockerNames.NetworkResource(instance));
    }

    /// <summary>Loads the rules of every network of that owner: a reboot takes them, and the engine brings its bridges back without.</summary>
    internal async Task RestoreRulesAsync(string owner, CancellationToken cancellationToken)
    {
        // Another machine's rules are its operator's.
        if (options.Remote is not null)
            return;
        await AllowAsync(await OpenAsync(owner, cancellationToken), cancellationToken);
    }

    /// <summary>Loads the rules of those whose rules are gone: a reboot or a firewall that was loaded anew takes them, and the engine brings its bridges back without.</summary>
    internal async Task KeepRulesAsync(string owner, CancellationToken cancellationToken)
    {
        if (options.Remote is not null || await OpenAsync(owner, cancellationToken) is not { Count: > 0 } open)
            return;
        var there = await _firewall.ReadBridgesAsync(cancellationToken);
        await AllowAsync(open.Where(one => !there.Contains(DockerNames.Bridge(one.Instance), StringComparer.Ordinal)), cancellationToken);
    }

    private async Task AllowAsync(IEnumerable<(InstanceRef Instance, EgressRules Egress)> open, CancellationToken cancellationToken)
    {
        foreach (var (instance, egress) in open)
            await _firewall.AllowAsync(instance, egress, cancellationToken);
    }

    private async Task<IReadOnlyList<(InstanceRef Instance, EgressRules Egress)>> OpenAsync(string owner, CancellationToken cancellationToken)
    {
        var networks = await engine.GetAsync($"/networks?{DockerLabels.Filter((DockerLabels.Owner, owner))}", cancellationToken);
        return
        [
            .. networks.EnumerateArray().Select(ContainerSeen.LabelsOf)
                .Select(labels => (new InstanceRef(labels[DockerLabels.Instance], labels[DockerLabels.Slug], owner), EgressOf(labels.GetValueOrDefault(DockerLabels.Egress, ""))))
                .Where(one => one.Item2.Mode != EgressMode.None),
        ];
    }

    internal async Task RemoveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        foreach (var network in (await engine.GetAsync($"/networks?{DockerLabels.FilterOf(instance)}", cancellationToken)).EnumerateArray())
            await RemoveAsync(network.GetProperty("Id").GetString()!, cancellationToken);
        if (options.Remote is null)
            await _firewall.ForgetAsync(instance, cancellationToken);
    }

    /// <summary>Has a container that does not run in the instance's network as it is now, whichever it was made in.</summary>
    internal async Task JoinAsync(InstanceRef instance, ContainerSeen container, CancellationToken cancellationToken)
    {
        var name = DockerNames.Network(instance);
        var id = (await engine.GetAsync($"/networks/{name}", cancellationToken)).GetProperty("Id").GetString();
        if (container.Raw.GetProperty("NetworkSettings").GetProperty("Networks").TryGetProperty(name, out var place) && place.GetProperty("NetworkID").GetString() == id)
            return;
        await ForgetAsync(instance, container.Id, cancellationToken);
        await engine.PostAsync($"/networks/{name}/connect", new JsonObject { ["Container"] = container.Id }, cancellationToken);
    }

    /// <summary>Has the engine forget the place of a container that is no more, of which an engine that was ended may still know.</summary>
    internal async Task ForgetAsync(InstanceRef instance, string container, CancellationToken cancellationToken)
    {
        try
        {
            await engine.PostAsync($"/networks/{DockerNames.Network(instance)}/disconnect", new JsonObject { ["Container"] = container, ["Force"] = true }, cancellationToken);
        }
        catch (EngineException error) when (error.Status is not null)
        {
            // It knows of none, or has no such network.
        }
    }

    private async Task RemoveAsync(string network, CancellationToken cancellationToken)
    {
        try
        {
            await engine.DeleteAsync($"/networks/{network}", cancellationToken);
        }
        catch (EngineException error) when (DockerErrors.IsInUse(error))
        {
            if (await ForgetGoneAsync(network, cancellationToken) == 0)
                throw;
            await engine.DeleteAsync($"/networks/{network}", cancellationToken);
        }
    }

    // Places of containers that are no more have no container's id.
    private async Task<int> ForgetGoneAsync(string network, CancellationToken cancellationToken)
    {
        var gone = (await engine.GetAsync($"/networks/{network}", cancellationToken)).GetProperty("Containers").EnumerateObject().Where(place => place.Name.StartsWith("ep-", StringComparison.Ordinal)).ToList();
        foreach (var place in gone)
            await engine.PostAsync($"/networks/{network}/disconnect", new JsonObject { ["Container"] = place.Value.GetProperty("Name").GetString(), ["Force"] = true }, cancellationToken);
        return gone.Count;
    }

    public void Dispose()
    {
        _firewall.Dispose();
        _choosing.Dispose();
    }

    private static IEnumerable<IPNetwork> Subnets(JsonElement networks)
    {
        foreach (var network in networks.EnumerateArray())
        {
            if (!network.GetProperty("IPAM").TryGetProperty("Config", out var config) || config.ValueKind != JsonValueKind.Array)
                continue;
            foreach (var item in config.EnumerateArray())
            {
                if (item.TryGetProperty("Subnet", out var subnet) && IPNetwork.TryParse(subnet.GetString(), out var parsed))
                    yield return parsed;
            }
        }
    }
}
