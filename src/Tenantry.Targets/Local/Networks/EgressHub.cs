using System.Net;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local.Networks;

/// <summary>
/// Lets instances out: a namespace of the target's own with bridges and rules, one link from it to the host, and on the host one table of
/// its own. Everything is made when the first instance needs it, and what is there already is kept.
/// </summary>
internal sealed class EgressHub : IDisposable
{
    private const string NoIpv6 = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
    private const int MostTries = 5;
    private static readonly IPAddress SomewhereElse = IPAddress.Parse("1.0.0.1");

    private readonly LocalPaths _paths;
    private readonly NamespaceTool _tool;
    private readonly LocalProtections _protections;
    private readonly string _host;
    private readonly EgressPlan _plan;
    private readonly SemaphoreSlim _one = new(1);
    private bool _ready;

    /// <summary>Makes nothing yet.</summary>
    /// <param name="paths">The target's.</param>
    /// <param name="namespaces">For entering namespaces.</param>
    /// <param name="protections">What is protected.</param>
    /// <param name="host">The namespace that leads out: the host's, or a test's own.</param>
    internal EgressHub(LocalPaths paths, NamespaceSockets namespaces, LocalProtections protections, string? host)
    {
        _paths = paths;
        _tool = new NamespaceTool(namespaces);
        _protections = protections;
        _host = host ?? $"/proc/{Environment.ProcessId}/ns/net";
        _plan = EgressPlan.For(paths.Data);
    }

    /// <summary>The names that a list's hosts stand for, as <c>/etc/hosts</c> has them; empty for other rules.</summary>
    /// <param name="instance">Whose way out.</param>
    /// <param name="number">Its number.</param>
    /// <param name="rules">Where it may lead.</param>
    /// <param name="isAgain">True when it was made whole before, and only its rules may be others now.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<string> EnsureAsync(InstancePaths instance, int number, EgressRules rules, bool isAgain, CancellationToken cancellationToken)
    {
        var link = EgressPlan.Of(number);
        var (openings, names) = rules.Mode == EgressMode.List ? await EgressTargets.ResolveAsync(rules.Allow, Dns.GetHostAddressesAsync, cancellationToken) : ([], new Dictionary<string, IReadOnlyList<IPAddress>>(StringComparer.Ordinal));
        await _one.WaitAsync(cancellationToken);
        try
        {
            await EnsureHubAsync(openings, cancellationToken);
            await _tool.NftAsync(Hub, rules.Mode == EgressMode.List ? EgressRuleset.List(link, openings) : EgressRuleset.Internet(link, Resolvers.Read(), _protections.EgressFilter), cancellationToken);
            await AttachAsync(instance, link, isAgain, cancellationToken);
        }
        catch (LinuxException error)
        {
            throw new TargetException($"Its way out cannot be made: {error.Message}.", retryable: true, cause: error);
        }
        finally
        {
            _one.Release();
        }

        return string.Concat(names.SelectMany(name => name.Value.Select(address => $"{address} {name.Key}\n")));
    }

    /// <summary>Takes an instance's way out away, if it has one.</summary>
    internal async Task RemoveAsync(int number, CancellationToken cancellationToken)
    {
        if (!PinnedNamespaces.IsPinned(Hub))
            return;
        var link = EgressPlan.Of(number);
        await _one.WaitAsync(cancellationToken);
        try
        {
            var links = await _tool.LinksAsync(Hub, cancellationToken);
            if (links.Remove(link.Link))
                await _tool.IpAsync(Hub, EgressLinks.Detach(link), cancellationToken);
            if (links.Any(EgressPlan.IsInstanceLink))
                await _tool.NftAsync(Hub, EgressRuleset.Remove(link), cancellationToken);
            else
                await CloseAsync(links, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    /// <summary>Makes the host what it was, where a crash left it changed and nothing leads out any more.</summary>
    internal async Task TidyAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (PinnedNamespaces.IsPinned(Hub) || !File.Exists(ForwardingNote))
                return;
            await RemoveHostLinkAsync(cancellationToken);
            await RestoreHostAsync(cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    // The kernel takes its time to take a hub apart that nobody holds any more, and with it the host's end of its link.
    private async Task RemoveHostLinkAsync(CancellationToken cancellationToken)
    {
        for (var tries = 1; (await _tool.LinksAsync(_host, cancellationToken)).Contains(_plan.HostLink); tries++)
        {
            try
            {
                await _tool.IpAsync(_host, EgressLinks.HostDown(_plan), cancellationToken);
            }
            catch (TargetException) when (tries < MostTries)
            {
                // It went by itself at that moment.
            }
        }
    }

    // The last one that had a way out is gone: the host is as it was before the first. The hub goes last, since whoever comes after a crash
    // goes on only where there is one.
    private async Task CloseAsync(HashSet<string> links, CancellationToken cancellationToken)
    {
        _ready = false;
        if (links.Contains(_plan.HubLink))
            await _tool.IpAsync(Hub, EgressLinks.HubDown(_plan), cancellationToken);
        await RestoreHostAsync(cancellationToken);
        PinnedNamespaces.Unpin(Hub);
    }

    private async Task RestoreHostAsync(CancellationToken cancellationToken)
    {
        await _tool.NftAsync(_host, EgressRuleset.RemoveHost(_plan), cancellationToken);
        if (!File.Exists(ForwardingNote) || (await _tool.LinksAsync(_host, cancellationToken)).Any(EgressPlan.IsHostLink))
            return;
        foreach (var link in await File.ReadAllLinesAsync(ForwardingNote, cancellationToken))
            await _tool.WriteIfThereAsync(_host, $"/proc/sys/net/ipv4/conf/{link}/forwarding", "0", cancellationToken);
        File.Delete(ForwardingNote);
    }

    private string ForwardingNote => Path.Combine(_paths.Namespaces, "@forwarding");

    private string Hub => Path.Combine(_paths.Namespaces, "@hub.net");

    private async Task EnsureHubAsync(IReadOnlyList<EgressOpening> openings, CancellationToken cancellationToken)
    {
        if (!_ready || !PinnedNamespaces.IsPinned(Hub))
        {
            Directory.CreateDirectory(_paths.Namespaces);
            if (!PinnedNamespaces.IsPinned(Hub))
                PinnedNamespaces.Create(Hub);
            await _tool.WriteAsync(Hub, "/proc/sys/net/ipv4/ip_forward", "1", cancellationToken);
            await _tool.WriteIfThereAsync(Hub, NoIpv6, "1", cancellationToken);
            // From here on the host is changed: the note says so to whoever comes after a crash.
            if (!File.Exists(ForwardingNote))
                await File.WriteAllTextAsync(ForwardingNote, "", cancellationToken);
            var connection = (await _tool.LinksAsync(Hub, cancellationToken)).Contains(_plan.HubLink) ? "" : EgressLinks.HubLink(_plan, _host);
            await _tool.IpAsync(Hub, connection + EgressLinks.HubUp(_plan), cancellationToken);
            await _tool.IpAsync(_host, EgressLinks.HostUp(_plan), cancellationToken);
            await _tool.IpAsync(Hub, EgressLinks.HubRoute(_plan), cancellationToken);
            await _tool.NftAsync(Hub, EgressRuleset.Hub(_plan, _protections.EgressFilter), cancellationToken);
        }

        await OpenHostAsync(openings, cancellationToken);
        _ready = true;
    }

    // Packets are forwarded only where they come from an instance or go back to one, and only on the interfaces that this needs.
    private async Task OpenHostAsync(IReadOnlyList<EgressOpening> openings, CancellationToken cancellationToken)
    {
        var routes = await _tool.ReadAsync(_host, "/proc/thread-self/net/route", cancellationToken);
        var links = RouteTable.LinksTo(routes, openings.Select(opening => opening.Network.BaseAddress).Append(SomewhereElse));
        List<string> opened = File.Exists(ForwardingNote) ? [.. await File.ReadAllLinesAsync(ForwardingNote, cancellationToken)] : [];
        var before = opened.Count;
        foreach (var link in links.Append(_plan.HostLink))
        {
            var setting = $"/proc/sys/net/ipv4/conf/{link}/forwarding";
            if ((await _tool.ReadAsync(_host, setting, cancellationToken)).Trim() == "1")
                continue;
            if (link != _plan.HostLink && !opened.Contains(link))
                opened.Add(link);
            await File.WriteAllLinesAsync(ForwardingNote, opened, cancellationToken);
            await _tool.WriteAsync(_host, setting, "1", cancellationToken);
        }

        if (!_ready || opened.Count != before)
            await _tool.NftAsync(_host, EgressRuleset.Host(_plan, opened, _protections.EgressFilter), cancellationToken);
    }

    // The default route comes last: who has it has all.
    private async Task AttachAsync(InstancePaths instance, InstanceLinkPlan link, bool isAgain, CancellationToken cancellationToken)
    {
        var isThere = (await _tool.LinksAsync(instance.Network, cancellationToken)).Contains(EgressPlan.InstanceLink);
        if (isThere && isAgain)
            return;

        // Also where there is a link already: being cut off may have come before the rest.
        var there = await _tool.LinksAsync(Hub, cancellationToken);
        var bridge = there.Contains(link.Bridge) ? "" : EgressLinks.Bridge(link);
        var old = !isThere && there.Contains(link.Link) ? EgressLinks.Detach(link) : "";
        var connection = isThere ? "" : EgressLinks.Link(link, instance.Network);
        await _tool.IpAsync(Hub, bridge + old + connection + EgressLinks.Attach(link, _protections.IsolatedPorts), cancellationToken);
        await _tool.WriteIfThereAsync(instance.Network, NoIpv6, "1", cancellationToken);
        await _tool.IpAsync(instance.Network, EgressLinks.Inside(link), cancellationToken);
    }
}
