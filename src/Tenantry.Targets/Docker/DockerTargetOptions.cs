using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Docker;

/// <summary>What an operator may say about a Docker target.</summary>
internal sealed record DockerTargetOptions
{
    private static readonly string[] RemoteKeys = ["cert-path", "ca", "cert", "key", "publish", "memory", "rules"];

    private Uri? _address;
    private ImmutableDictionary<string, string> _files = ImmutableDictionary<string, string>.Empty;
    private IPAddress? _publish;
    private string _memory = "/run/tenantry-docker";
    private bool _holdsRules;

    /// <summary>Each option and what it means.</summary>
    internal static IReadOnlyDictionary<string, string> Known { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["engine"] = "Socket of the engine on this machine (default: unix:///var/run/docker.sock), or tcp://HOST:PORT of one on another, over TLS",
        ["cert-path"] = "For an engine on another machine: folder with ca.pem, cert.pem and key.pem",
        ["ca"] = "File with the certificate of the authority that made the engine's (default: ca.pem in cert-path)",
        ["cert"] = "File with our certificate (default: cert.pem in cert-path)",
        ["key"] = "File with the key of our certificate (default: key.pem in cert-path)",
        ["publish"] = "For an engine on another machine: its private IPv4 address that instances' ports are published on",
        ["memory"] = "For an engine on another machine: a folder there that lies in memory, for secrets and rendered files (default: /run/tenantry-docker)",
        ["rules"] = "For an engine on another machine: loaded, once that machine holds the rules of deploy/docker/remote-engine.nft, which close instances in",
        ["subnets"] = "Private range that instances' networks are cut from, /28 each (default: 10.201.0.0/16, room for 4096)",
        ["dns"] = "Name servers for instances with egress, separated by commas; reachable on port 53 even where they are private (default: the engine's)",
        ["log-size"] = "Bytes of one log file before the next is begun (default: 10000000)",
        ["log-files"] = "Log files kept for each service (default: 3)",
        ["tmp-size"] = "Bytes that /tmp may hold, counted as the instance's memory (default: 67108864)",
    };

    /// <summary>Path of the engine's socket on this machine.</summary>
    internal string Socket { get; init; } = "/var/run/docker.sock";

    /// <summary>The engine on another machine, or null for one on this.</summary>
    internal RemoteEngine? Remote { get; private init; }

    /// <summary>File of the network namespace that connections to another machine begin in; null for that of this process.</summary>
    internal string? Network { get; init; }

    /// <summary>The range that networks are cut from.</summary>
    internal IPNetwork Subnets { get; init; } = IPNetwork.Parse("10.201.0.0/16");

    /// <summary>Name servers for instances with egress.</summary>
    internal IReadOnlyList<string> Dns { get; init; } = [];

    /// <summary>Bytes of one log file.</summary>
    internal long LogBytes { get; init; } = 10_000_000;

    /// <summary>Log files kept.</summary>
    internal int LogFiles { get; init; } = 3;

    /// <summary>Bytes that /tmp may hold.</summary>
    internal long TmpBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Reads options; throws a terminal <see cref="TargetException"/> that names every mistake.</summary>
    internal static DockerTargetOptions Parse(IReadOnlyDictionary<string, string> options)
    {
        var read = TargetOptions.Read(new DockerTargetOptions(), options, Known, With);
        var remote = RemoteKeys.Where(options.ContainsKey).ToList();
        if (read._address is not { } address)
            return remote.Count == 0 ? read : throw Wrong($"Option {string.Join(", ", remote)} is for an engine on another machine: engine=tcp://HOST:PORT.");
        if (read.FileOf("ca") is not { } ca || read.FileOf("cert") is not { } cert || read.FileOf("key") is not { } key)
            throw Wrong("An engine on another machine is reached with certificates on both sides alone: whoever reaches it without is root there. Set cert-path, or ca, cert and key.");
        if (read._publish is not { } publish)
            throw Wrong("An engine on another machine needs the option publish: the private address there that instances' ports are published on.");
        return read with { Remote = new RemoteEngine(address.Host, address.Port, ca, cert, key, publish, read._memory, read._holdsRules) };
    }

    private static TargetException Wrong(string message) => new(message, retryable: false);

    private string? FileOf(string key) => _files.GetValueOrDefault(key) ?? (_files.TryGetValue("cert-path", out var folder) ? Path.Combine(folder, key + ".pem") : null);

    private static DockerTargetOptions? With(DockerTargetOptions options, string key, string value) => key switch
    {
        "engine" when Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri is { Scheme: "unix", AbsolutePath.Length: > 1 } => options with { Socket = uri.AbsolutePath },
        "engine" when Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri is { Scheme: "tcp", Port: > 0, Host.Length: > 0, PathAndQuery: "" or "/" } => options with { _address = uri },
        "ca" or "cert" or "key" or "cert-path" when Path.IsPathFullyQualified(value) => options with { _files = options._files.SetItem(key, value) },
        "publish" when IPAddress.TryParse(value, out var address) && address.AddressFamily == AddressFamily.InterNetwork && !address.Equals(IPAddress.Any) => options with { _publish = address },
        "memory" when Path.IsPathFullyQualified(value) && value.TrimEnd('/').LastIndexOf('/') > 0 => options with { _memory = value.TrimEnd('/') },
        "rules" when value == "loaded" => options with { _holdsRules = true },
        "subnets" when IPNetwork.TryParse(value, out var range) && range.BaseAddress.AddressFamily == AddressFamily.InterNetwork && range.PrefixLength is >= 8 and <= 28 =>
            options with { Subnets = range },
        "dns" when value.Split(',') is var servers && servers.All(server => IPAddress.TryParse(server, out var address) && address.AddressFamily == AddressFamily.InterNetwork) =>
            options with { Dns = servers },
        "log-size" when TargetOptions.Number(value, 4096) is { } bytes => options with { LogBytes = bytes },
        "log-files" when TargetOptions.Number(value, 1, 1000) is { } files => options with { LogFiles = (int)files },
        "tmp-size" when TargetOptions.Number(value, 4096) is { } size => options with { TmpBytes = size },
        _ => null,
    };
}
