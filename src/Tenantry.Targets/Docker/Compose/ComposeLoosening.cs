using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>Overrides whose keys may be said and whose values would take away what closes a container in. Pure.</summary>
internal static partial class ComposeLoosening
{
    private static readonly string[] WritesFiles = ["json-file", "local"];

    /// <summary>What of a service's overrides is refused.</summary>
    internal static IEnumerable<ComposeMistake> In(YamlMapping service, JsonObject node, string path)
    {
        foreach (var port in Items(node["ports"]).Where(port => !IsBound(port)))
        {
            yield return At(service, "ports", path, $"'{Shown(port)}' would be published on every address of the machine, where other tenants and everybody else reach it. Say an address: 127.0.0.1:8081:8080 for a proxy on this machine, or that of a private network.");
        }

        if (node["logging"] is not { } logging)
            yield break;
        if (logging is not JsonObject)
            yield return At(service, "logging", path, "A mapping with 'driver' and 'options' is expected.");
        else if (Unbounded(logging) is { } mistake)
            yield return At(service, "logging", path, mistake);
    }

    /// <summary>What an operator should know of overrides that are taken, by service.</summary>
    internal static IEnumerable<string> Notices(IEnumerable<KeyValuePair<string, JsonObject>> services)
    {
        foreach (var (name, node) in services)
        {
            if (node["logging"]?["driver"]?.ToString() is { } driver && !WritesFiles.Contains(driver, StringComparer.Ordinal))
                yield return $"{name}: with the log driver '{driver}' of the overrides the engine keeps no lines of its own: 'docker logs' shows {(driver == "none" ? "nothing, and nobody can tell why it ended" : "what that driver gives back, if anything")}.";
            foreach (var port in Items(node["ports"]).Where(port => Host(port) is { } host && !IPAddress.IsLoopback(host)))
                yield return $"{name}: the overrides publish '{Shown(port)}': whoever reaches that address reaches the app, past any gateway.";
        }
    }

    // The options that are not said stay as they are rendered: 10m, three files.
    private static string? Unbounded(JsonNode logging)
    {
        var driver = logging["driver"]?.ToString() ?? WritesFiles[0];
        if (!WritesFiles.Contains(driver, StringComparer.Ordinal))
            return null;
        var size = logging["options"]?["max-size"]?.ToString() ?? (driver == WritesFiles[0] ? "10m" : null);
        return size is null || !size.Contains('$', StringComparison.Ordinal) && !Size().IsMatch(size)
            ? $"The log driver '{driver}' is to have options.max-size above 0, such as 10m: without it one tenant's lines fill the disk of all."
            : null;
    }

    private static IEnumerable<JsonNode> Items(JsonNode? ports) => ports is JsonArray list ? list.OfType<JsonNode>() : ports is null ? [] : [ports];

    private static bool IsBound(JsonNode port) => Shown(port).Contains('$', StringComparison.Ordinal) || (Host(port) is { } host && !host.Equals(IPAddress.Any) && !host.Equals(IPAddress.IPv6Any));

    private static IPAddress? Host(JsonNode port) => IPAddress.TryParse(
        port is JsonObject mapping ? mapping["host_ip"]?.ToString() ?? "" : Short().Match(port.ToString()) is { Success: true } match ? match.Groups["host"].Value : "", out var host) ? host : null;

    private static string Shown(JsonNode port) => port is JsonObject ? port.ToJsonString() : port.ToString();

    private static ComposeMistake At(YamlMapping service, string key, string path, string message) =>
        new($"{path}.{key}", message, (service.Find(key) ?? service).Start.Line, (service.Find(key) ?? service).Start.Column);

    [GeneratedRegex(@"\A(\[(?<host>[^\]]+)\]|(?<host>[0-9.]+)):[^:]*:[^:]+\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Short();

    [GeneratedRegex(@"\A0*[1-9][0-9]*[bkmgBKMG]?\z")]
    private static partial Regex Size();
}
