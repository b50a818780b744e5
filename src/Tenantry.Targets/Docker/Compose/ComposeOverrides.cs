using System.Globalization;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>
/// What an operator wants otherwise for some services, as a part of a Compose file: mappings are merged, everything else takes the place of what was
/// there. What would loosen the walls between tenants is refused.
/// </summary>
public sealed class ComposeOverrides
{
    private static readonly string[] Allowed =
    [
        "command", "cpu_shares", "cpus", "deploy", "entrypoint", "environment", "expose", "extra_hosts", "healthcheck", "labels", "logging", "mem_limit",
        "mem_reservation", "pids_limit", "ports", "profiles", "restart", "shm_size", "stop_grace_period", "stop_signal", "ulimits", "working_dir",
    ];

    private static readonly string[] Closed =
    [
        "build", "cap_add", "cap_drop", "cgroup_parent", "container_name", "device_cgroup_rules", "devices", "dns", "dns_opt", "dns_search", "external_links", "group_add", "image", "ipc", "links", "memswap_limit", "network_mode",
        "networks", "oom_kill_disable", "pid", "privileged", "read_only", "runtime", "secrets", "security_opt", "sysctls", "tmpfs", "user", "userns_mode", "uts", "volumes", "volumes_from",
    ];

    private static readonly string[] Limits = ["cpus", "mem_limit", "pids_limit"];

    private readonly SortedDictionary<string, JsonObject> _services = new(StringComparer.Ordinal);

    private ComposeOverrides()
    {
    }

    /// <summary>Nothing is wanted otherwise.</summary>
    public static ComposeOverrides None { get; } = new();

    /// <summary>Reads an overrides file.</summary>
    /// <param name="text">The file.</param>
    /// <param name="slugs">Slugs that there are, rendered or not.</param>
    /// <exception cref="ComposeOverridesException">It has mistakes.</exception>
    public static ComposeOverrides Read(string text, IReadOnlyCollection<string> slugs)
    {
        var mistakes = new List<ComposeMistake>();
        var read = new ComposeOverrides();
        try
        {
            if (YamlTree.Parse(text) is { } root)
                read.ReadRoot(root, slugs, mistakes);
        }
        catch (YamlSyntaxException wrong)
        {
            mistakes.Add(new ComposeMistake("", wrong.Message, wrong.Line, wrong.Column));
        }

        return mistakes.Count == 0 ? read : throw new ComposeOverridesException(mistakes);
    }

    /// <summary>What an operator should know of what is taken.</summary>
    internal IEnumerable<string> NoticesOf(JsonObject services) => ComposeLoosening.Notices(_services.Where(pair => services.ContainsKey(pair.Key)));

    /// <summary>Changes the services of a file that is being made.</summary>
    internal void Apply(JsonObject services)
    {
        foreach (var (name, wanted) in _services)
        {
            if (services[name] is not JsonObject service)
                continue;
            // Another driver takes none of the options of the one before.
            if (wanted["logging"]?["driver"]?.ToString() is { } driver && driver != service["logging"]?["driver"]?.ToString())
                service.Remove("logging");
            // A service without a check of its own gets one.
            if (wanted["healthcheck"] is JsonObject check && check.ContainsKey("test"))
                (service["healthcheck"] as JsonObject)?.Remove("disable");
            Merge(service, (JsonObject)wanted.DeepClone());
            if (wanted.ContainsKey("mem_limit"))
            {
                service["memswap_limit"] = service["mem_limit"]!.DeepClone();
                // The engine takes no reservation above the limit. What a variable will hold is not known here.
                if (!wanted.ContainsKey("mem_reservation") && !(Bytes(service["mem_limit"]) >= Bytes(service["mem_reservation"])))
                    service.Remove("mem_reservation");
            }
        }
    }

    // As Compose writes sizes: 512, 64k, 256M, 1gb.
    private static decimal? Bytes(JsonNode? size)
    {
        var text = (size?.ToString() ?? "").ToLowerInvariant().TrimEnd('b');
        var power = text.Length == 0 ? -1 : "kmg".IndexOf(text[^1], StringComparison.Ordinal);
        return decimal.TryParse(power < 0 ? text : text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number * (1L << (10 * (power + 1))) : null;
    }

    private static void Merge(JsonObject into, JsonObject from)
    {
        foreach (var (key, value) in from.ToList())
        {
            from.Remove(key);
            if (into[key] is JsonObject below && value is JsonObject wanted)
                Merge(below, wanted);
            else
                into[key] = value;
        }
    }

    private void ReadRoot(YamlValue root, IReadOnlyCollection<string> slugs, List<ComposeMistake> mistakes)
    {
        if (root is not YamlMapping { Entries: [{ Key.Text: "services", Value: YamlMapping services }] })
        {
            mistakes.Add(At(root, "", "An overrides file is a mapping with the one key 'services', and below it the services that it changes."));
            return;
        }

        foreach (var (key, value) in services.Entries)
        {
            var path = $"services.{key.Text}";
            if (!slugs.Contains(key.Text.Split('.')[0]))
                mistakes.Add(At(key, path, $"There is no instance '{key.Text.Split('.')[0]}'.{Nearest.Hint(key.Text, slugs)}"));
            else if (value is not YamlMapping service)
                mistakes.Add(At(value, path, $"A mapping is expected and not {value.Kind}."));
            else if (!_services.TryAdd(key.Text, ReadService(service, path, mistakes)))
                mistakes.Add(At(key, path, "It is here twice."));
        }
    }

    private static JsonObject ReadService(YamlMapping service, string path, List<ComposeMistake> mistakes)
    {
        var node = new JsonObject();
        foreach (var (key, value) in service.Entries)
        {
            var place = $"{path}.{key.Text}";
            if (Closed.Contains(key.Text, StringComparer.Ordinal))
                mistakes.Add(At(key, place, $"'{key.Text}' comes from the manifest, or keeps tenants apart, and cannot be overridden."));
            else if (!Allowed.Contains(key.Text, StringComparer.Ordinal))
                mistakes.Add(At(key, place, $"'{key.Text}' is no key that can be overridden.{Nearest.Hint(key.Text, Allowed)}"));
            else if (key.Text == "deploy")
                ReadDeploy(value, place, node, mistakes);
            else
                node[key.Text] = key.Text is "environment" or "labels" ? Pairs(value, place, mistakes) : Node(value);
        }

        foreach (var limit in Limits.Where(limit => node.ContainsKey(limit) && !IsLimit(node[limit])))
            mistakes.Add(At(service, $"{path}.{limit}", $"'{limit}' is to be above 0: without a limit one tenant takes what is the others'."));
        mistakes.AddRange(ComposeLoosening.In(service, node, path));
        foreach (var label in (node["labels"] as JsonObject ?? []).Select(pair => pair.Key).Where(label => label is DockerLabels.Owner or DockerLabels.Instance || label.EndsWith(".tenant", StringComparison.Ordinal)))
            mistakes.Add(At(service, $"{path}.labels.{label}", $"The label '{label}' says whose this is and cannot be overridden."));
        return node;
    }

    // A number above 0 with a unit or none; what Compose puts in for a variable is not known here.
    private static bool IsLimit(JsonNode? value)
    {
        var text = value?.ToString() ?? "";
        var number = text.AsSpan(0, text.AsSpan().IndexOfAnyExcept("0123456789.") is >= 0 and var unit ? unit : text.Length);
        return text.Contains('$', StringComparison.Ordinal) || (decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var limit) && limit > 0);
    }

    // As people know it from Compose files for many tenants; the keys that containers are made with say the same.
    private static void ReadDeploy(YamlValue value, string path, JsonObject node, List<ComposeMistake> mistakes)
    {
        foreach (var (key, resource) in Texts(value, path, mistakes))
        {
            switch (key)
            {
                case "resources.limits.memory": node["mem_limit"] = resource; break;
                case "resources.limits.cpus": node["cpus"] = Number(resource); break;
                case "resources.limits.pids": node["pids_limit"] = Number(resource); break;
                case "resources.reservations.memory": node["mem_reservation"] = resource; break;
                case "resources.reservations.cpus" when decimal.TryParse(resource, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cores): node["cpu_shares"] = Math.Max(2, (long)(cores * 1024)); break;
                default: mistakes.Add(At(value, $"{path}.{key}", "Of 'deploy' only resources.limits (memory, cpus, pids) and resources.reservations (memory, cpus) can be overridden.")); break;
            }
        }
    }

    private static IEnumerable<(string Key, string Text)> Texts(YamlValue value, string path, List<ComposeMistake> mistakes)
    {
        if (value is YamlText text)
            return [("", text.Text)];
        if (value is YamlMapping mapping)
            return mapping.Entries.SelectMany(entry => Texts(entry.Value, $"{path}.{entry.Key.Text}", mistakes).Select(below => (below.Key.Length == 0 ? entry.Key.Text : $"{entry.Key.Text}.{below.Key}", below.Text)));
        mistakes.Add(At(value, path, "A list has no place here."));
        return [];
    }

    private static JsonObject Pairs(YamlValue value, string path, List<ComposeMistake> mistakes)
    {
        var pairs = new JsonObject();
        switch (value)
        {
            case YamlMapping mapping:
                foreach (var (key, item) in mapping.Entries)
                {
                    if (item is YamlText text)
                        pairs[key.Text] = text.IsNull ? "" : text.Text;
                    else
                        mistakes.Add(At(item, $"{path}.{key.Text}", $"A text is expected and not {item.Kind}."));
                }

                break;
            case YamlList list when list.Items.All(item => item is YamlText text && text.Text.Contains('=', StringComparison.Ordinal)):
                foreach (var parts in list.Items.Cast<YamlText>().Select(text => text.Text.Split('=', 2)))
                    pairs[parts[0]] = parts[1];
                break;
            default:
                mistakes.Add(At(value, path, "A mapping, or a list of NAME=VALUE, is expected."));
                break;
        }

        return pairs;
    }

    private static JsonNode? Node(YamlValue value) => value switch
    {
        YamlMapping mapping => new JsonObject(mapping.Entries.DistinctBy(entry => entry.Key.Text).Select(entry => KeyValuePair.Create(entry.Key.Text, Node(entry.Value)))),
        YamlList list => new JsonArray([.. list.Items.Select(Node)]),
        YamlText { IsNull: true } => null,
        YamlText { IsPlain: true } text => Number(text.Text),
        YamlText text => JsonValue.Create(text.Text),
        _ => null,
    };

    private static JsonNode Number(string text) => text switch
    {
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        _ when decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };

    private static ComposeMistake At(YamlValue value, string path, string message) => new(path, message, value.Start.Line, value.Start.Column);
}
