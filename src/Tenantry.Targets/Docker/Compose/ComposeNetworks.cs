using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>A network for each instance, with addresses of its own: the engine's default pools end after some thirty. Pure.</summary>
internal static class ComposeNetworks
{
    /// <summary>
    /// Addresses for each slug: those that it has, or else those that its name leads to. Compose refuses to change a network's addresses under a running
    /// container, so nobody's change because somebody else comes.
    /// </summary>
    internal static Dictionary<string, IPNetwork> Choose(IEnumerable<string> slugs, IPNetwork range, IReadOnlyDictionary<string, string> present)
    {
        var wanted = slugs.Order(StringComparer.Ordinal).ToList();
        var chosen = new Dictionary<string, IPNetwork>(StringComparer.Ordinal);
        var taken = new HashSet<IPNetwork>();
        foreach (var slug in wanted)
        {
            if (present.TryGetValue(slug, out var text) && IPNetwork.TryParse(text, out var network) && network.PrefixLength == SubnetAllocator.PrefixLength && range.Contains(network.BaseAddress) && taken.Add(network))
                chosen[slug] = network;
        }

        foreach (var slug in wanted.Where(slug => !chosen.ContainsKey(slug)))
        {
            var seed = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(slug)));
            foreach (var network in SubnetAllocator.Free(range, [], seed))
            {
                if (!taken.Add(network))
                    continue;
                chosen[slug] = network;
                break;
            }
        }

        return chosen;
    }

    internal static JsonObject Of(InstanceWorkload workload, IPNetwork subnet, JsonObject labels)
    {
        var network = new JsonObject { ["driver"] = "bridge" };
        if (workload.Egress.Mode != EgressMode.Internet)
        {
            // Without an address of its own on the bridge the host cannot be reached from it.
            network["internal"] = true;
            network["driver_opts"] = new JsonObject { ["com.docker.network.bridge.inhibit_ipv4"] = "true" };
        }

        network["ipam"] = new JsonObject { ["config"] = new JsonArray(new JsonObject { ["subnet"] = subnet.ToString() }) };
        network["labels"] = labels;
        return network;
    }
}
