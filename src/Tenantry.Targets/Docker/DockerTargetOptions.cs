using System.Net;
using System.Net.Sockets;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Docker;

/// <summary>What an operator may say about a Docker target.</summary>
internal sealed record DockerTargetOptions
{
    /// <summary>Each option and what it means.</summary>
    internal static IReadOnlyDictionary<string, string> Known { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["engine"] = "Socket of the engine on this machine (default: unix:///var/run/docker.sock)",
        ["subnets"] = "Private range that instances' networks are cut from, /28 each (default: 10.201.0.0/16, room for 4096)",
        ["dns"] = "Name servers for instances with egress, separated by commas; reachable on port 53 even where they are private (default: the engine's)",
        ["log-size"] = "Bytes of one log file before the next is begun (default: 10000000)",
        ["log-files"] = "Log files kept for each service (default: 3)",
        ["tmp-size"] = "Bytes that /tmp may hold, counted as the instance's memory (default: 67108864)",
    };

    /// <summary>Path of the engine's socket.</summary>
    internal string Socket { get; init; } = "/var/run/docker.sock";

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
    internal static DockerTargetOptions Parse(IReadOnlyDictionary<string, string> options) => TargetOptions.Read(new DockerTargetOptions(), options, Known, With);

    private static DockerTargetOptions? With(DockerTargetOptions options, string key, string value) => key switch
    {
        "engine" when Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri is { Scheme: "unix", AbsolutePath.Length: > 1 } => options with { Socket = uri.AbsolutePath },
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
