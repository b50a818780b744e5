using System.Collections.Frozen;
using Tenantry.Server.Instances;

namespace Tenantry.Server.Gateway;

/// <summary>Every host name that is served. Never changed: a new one takes its place, whole.</summary>
public sealed class RouteTable
{
    private readonly FrozenDictionary<string, Route> byHost;
    private readonly FrozenDictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private Dictionary<string, Route>? byInstance;

    private RouteTable(IReadOnlyDictionary<string, Route> byHost)
    {
        this.byHost = byHost.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        lookup = this.byHost.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Serves nothing.</summary>
    public static RouteTable Empty { get; } = new(new Dictionary<string, Route>(StringComparer.Ordinal));

    /// <summary>Host names and where they lead.</summary>
    public IReadOnlyDictionary<string, Route> Hosts => byHost;

    /// <summary>The table of these host names.</summary>
    public static RouteTable Of(IReadOnlyDictionary<string, Route> hosts) => new(hosts);

    /// <summary>The table of these instances: each at its slug below the base domain and at its own hosts.</summary>
    public static RouteTable Of(IEnumerable<InstanceEntry> instances, string baseDomain)
    {
        var hosts = new Dictionary<string, Route>(StringComparer.OrdinalIgnoreCase);
        var own = new List<(string Host, Route Route)>();
        foreach (var instance in instances)
        {
            var route = Route.To(instance);
            hosts[$"{instance.Slug}.{baseDomain}"] = route;
            own.AddRange(instance.Hosts.Select(host => (host, route)));
        }

        // A slug's name is never taken over by somebody's own host.
        foreach (var (host, route) in own)
            hosts.TryAdd(host, route);
        return new RouteTable(hosts);
    }

    /// <summary>Where a Host header leads, or null.</summary>
    public Route? Find(ReadOnlySpan<char> hostHeader) => lookup.TryGetValue(Name(hostHeader), out var route) ? route : null;

    /// <summary>A route to that instance, or null.</summary>
    public Route? FindInstance(string instanceId)
    {
        // Few tables are asked for it, and two who make it at once make the same.
        if (byInstance is not { } known)
        {
            known = new Dictionary<string, Route>(StringComparer.Ordinal);
            foreach (var route in byHost.Values)
                known.TryAdd(route.InstanceId, route);
            byInstance = known;
        }

        return known.GetValueOrDefault(instanceId);
    }

    /// <summary>True when the other table leads everywhere to the same place.</summary>
    public bool SameAs(RouteTable other)
    {
        if (byHost.Count != other.byHost.Count)
            return false;
        foreach (var (host, route) in byHost)
        {
            if (!other.byHost.TryGetValue(host, out var theirs) || theirs != route)
                return false;
        }

        return true;
    }

    /// <summary>A Host header without its port and the root's dot.</summary>
    internal static ReadOnlySpan<char> Name(ReadOnlySpan<char> host)
    {
        var colon = host.LastIndexOf(':');
        if (colon >= 0 && host.IndexOf(']') < colon)
            host = host[..colon];
        return host is [.., '.'] ? host[..^1] : host;
    }
}
