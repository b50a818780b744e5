using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Networks;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Docker;

/// <summary>Looks whether instances can run on the engine, and what to install where they cannot. Changes nothing.</summary>
internal static class DockerProbe
{
    /// <summary>Why an engine that is Podman is refused.</summary>
    internal const string WhyNotPodman = "Its socket speaks as Docker's does, but a closed network still leads to the host over IPv6, limits cannot be changed of what runs, and data cannot be put into volumes as it is with Docker: instances' isolation and data would not be what they are promised to be (docs/targets/docker.md).";

    internal static async Task<ProbeReport> LookAsync(DockerHost host, CancellationToken cancellationToken)
    {
        List<ProbeFinding> findings = host.Options.Remote is { } remote
            ? [.. await EngineAsync(host, cancellationToken), Rules(remote), Published(remote)]
            : [Privilege(), .. await EngineAsync(host, cancellationToken), Egress()];
        return new ProbeReport(findings.TrueForAll(finding => finding.Level != ProbeLevel.Missing), findings);
    }

    /// <summary>True for Podman's socket that speaks as Docker's engine does, of what it says of itself.</summary>
    internal static bool IsPodman(JsonElement version) =>
        version.TryGetProperty("Components", out var parts) && parts.ValueKind == JsonValueKind.Array
        && parts.EnumerateArray().Any(part => part.TryGetProperty("Name", out var name) && name.GetString()?.StartsWith("Podman", StringComparison.OrdinalIgnoreCase) == true);

    private static ProbeFinding Rules(RemoteEngine remote) => remote.HoldsRules
        ? new ProbeFinding("egress", ProbeLevel.Note, "The operator says that the engine's machine holds the rules that close instances in; that cannot be seen from here. They hold egress none and internet; an app with a list is refused.")
        : new ProbeFinding("egress", ProbeLevel.Missing, "Nothing is known to hold instances in on the engine's machine.", "Load deploy/docker/remote-engine.nft there (nft -f), and set the option rules=loaded");

    private static ProbeFinding Published(RemoteEngine remote) =>
        new("gateway", ProbeLevel.Note, $"Instances' ports are published on {remote.Publish} alone, in clear: who else is on that network reaches them past the gateway.");

    private static ProbeFinding Privilege() => Environment.IsPrivilegedProcess
        ? new ProbeFinding("privilege", ProbeLevel.Ok, "This process is root.")
        : new ProbeFinding("privilege", ProbeLevel.Missing, "This process is not root. Without it no socket can be made inside an instance's network, and no secret be kept in memory for it.", "sudo tenantry serve");

    private static async Task<IReadOnlyList<ProbeFinding>> EngineAsync(DockerHost host, CancellationToken cancellationToken)
    {
        try
        {
            var version = await host.Engine.GetAsync("/version", cancellationToken);
            if (IsPodman(version))
                return [new ProbeFinding("engine", ProbeLevel.Missing, $"At {host.Door.Name} is Podman {Text(version, "Version")}. {WhyNotPodman}", "apt-get install -y docker.io")];
            var info = await host.Engine.GetAsync("/info", cancellationToken);
            return
            [
                new ProbeFinding("engine", ProbeLevel.Ok, $"{Text(version, "Version")} with API {Text(version, "ApiVersion")} at {host.Door.Name}, storage {Text(info, "Driver")}"),
                Limit(info, "MemoryLimit", "memory"),
                Limit(info, "CpuCfsQuota", "cpu"),
                Limit(info, "PidsLimit", "pids"),
                Flag(info, "SwapLimit")
                    ? new ProbeFinding("swap", ProbeLevel.Ok, "Instances are kept out of the swap.")
                    : new ProbeFinding("swap", ProbeLevel.Note, "The kernel does not count swap: where the machine has some, an instance may use it beyond its memory.", "Boot the kernel with swapaccount=1"),
                .. host.Options.Remote is null ? (ProbeFinding[])[Subnets(host.Options.Subnets, await HostRoutes.ReadAsync(host.Engine, cancellationToken))] : [],
                new ProbeFinding("disk", ProbeLevel.Note, "The engine holds no limit of disk for volumes: a tier's disk is told and not held."),
            ];
        }
        catch (EngineException error) when (error.GetBaseException() is SocketException { SocketErrorCode: SocketError.AccessDenied })
        {
            return [new ProbeFinding("engine", ProbeLevel.Missing, $"This user may not use {host.Options.Socket}, so that nothing is known of the engine.", "sudo tenantry target check docker")];
        }
        catch (EngineException error)
        {
            if (host.Options.Remote is not null)
                return [new ProbeFinding("engine", ProbeLevel.Missing, $"No engine answers: {error.Message.TrimEnd('.')}.", "On its machine: dockerd --tlsverify --tlscacert … --tlscert … --tlskey … --host tcp://ADDRESS:2376")];
            var isInstalled = Programs.Find("dockerd") is not null || Programs.Find("podman") is not null;
            return [new ProbeFinding("engine", ProbeLevel.Missing, $"No engine answers: {error.Message.TrimEnd('.')}.", isInstalled ? "systemctl start docker" : "apt-get install -y docker.io")];
        }
    }

    private static ProbeFinding Limit(JsonElement info, string key, string what) => Flag(info, key)
        ? new ProbeFinding(what, ProbeLevel.Ok, $"Limits of {what} are held.")
        : new ProbeFinding(what, ProbeLevel.Missing, $"The engine cannot hold limits of {what} here.", "Boot the kernel with cgroup_enable=memory, or with systemd.unified_cgroup_hierarchy=1");

    private static ProbeFinding Egress() => Programs.Find("nft") is not null && Programs.Find("nsenter") is not null
        ? new ProbeFinding("egress", ProbeLevel.Ok, "nft is there: apps may be let out to the internet or to a list")
        : new ProbeFinding("egress", ProbeLevel.Note, "nft or nsenter is not installed; only apps with egress need them.", "apt-get install -y nftables util-linux");

    /// <summary>Whether the range for instances' networks is free of the host's own. Pure.</summary>
    internal static ProbeFinding Subnets(IPNetwork range, IReadOnlyList<HostRoute> routes)
    {
        const string Fix = "tenantry target add NAME --replace --option subnets=RANGE (a private range that is not in use), with its other options";
        List<HostRoute> touching = [.. routes.Touching(range)];
        if (touching.Find(route => route.Range.PrefixLength <= range.PrefixLength) is { } whole)
            return new ProbeFinding("subnets", ProbeLevel.Missing, $"The host has a route for all of {range}, from which instances' networks are cut: {whole}. No instance gets one.", Fix);
        return touching.Count == 0
            ? new ProbeFinding("subnets", ProbeLevel.Ok, $"Instances' networks are cut from {range}: room for {SubnetAllocator.Capacity(range)}.")
            : new ProbeFinding("subnets", ProbeLevel.Note, $"Instances' networks are cut from {range}, without what the host has routes for: {string.Join(", ", touching)}.", Fix);
    }

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.ToString() : "?";

    private static bool Flag(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
