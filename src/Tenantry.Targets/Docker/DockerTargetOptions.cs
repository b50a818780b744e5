using System.Globalization;
using System.Net;
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
    internal static DockerTargetOptions Parse(IReadOnlyDictionary<string, string> options)
    {
        var parsed = new DockerTargetOptions();
        var mistakes = new List<string>();
        foreach (var (key, value) in options.OrderBy(option => option.Key, StringComparer.Ordinal))
            parsed = With(parsed, key, value, mistakes);
        return mistakes.Count == 0 ? parsed : throw new TargetException(string.Join("; ", mistakes) + ".", retryable: false);
    }

    private static DockerTargetOptions With(DockerTargetOptions options, string key, string value, List<string> mistakes)
    {
        switch (key)
        {
            case "engine" when Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri is { Scheme: "unix", AbsolutePath.Length: > 1 }:
                return options with { Socket = uri.AbsolutePath };
            case "subnets" when IPNetwork.TryParse(value, out var range) && range.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && range.PrefixLength is >= 8 and <= 28:
                return options with { Subnets = range };
            case "dns" when value.Split(',') is var servers && servers.All(server => IPAddress.TryParse(server, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork):
                return options with { Dns = servers };
            case "log-size" when Number(value) is { } bytes and >= 4096:
                return options with { LogBytes = bytes };
            case "log-files" when Number(value) is { } files and >= 1 and <= 1000:
                return options with { LogFiles = (int)files };
            case "tmp-size" when Number(value) is { } size and >= 4096:
                return options with { TmpBytes = size };
            default:
                mistakes.Add(Known.TryGetValue(key, out var meaning) ? $"Option {key} cannot be \"{value}\" ({meaning})" : $"There is no option {key} (known: {string.Join(", ", Known.Keys)})");
                return options;
        }
    }

    private static long? Number(string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
