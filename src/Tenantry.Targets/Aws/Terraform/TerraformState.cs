using System.Text.Json;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>What a state file (version 4, which Terraform and OpenTofu have written since 0.12) says that is of use here.</summary>
/// <param name="Serial">Grows with each change.</param>
/// <param name="Outputs">By name.</param>
/// <param name="Resources">What is there, each after all that it depends on.</param>
internal sealed record TerraformState(long Serial, IReadOnlyDictionary<string, JsonElement> Outputs, IReadOnlyList<StateResource> Resources)
{
    internal static TerraformState Nothing { get; } = new(0, new Dictionary<string, JsonElement>(StringComparer.Ordinal), []);

    /// <summary>An output that is a text, or empty.</summary>
    internal string Text(string output) => Outputs.TryGetValue(output, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>Reads one. Throws <see cref="JsonException"/> for what is none.</summary>
    internal static TerraformState Read(ReadOnlySpan<byte> bytes)
    {
        var state = JsonSerializer.Deserialize<JsonElement>(bytes);
        if (!state.TryGetProperty("version", out var version) || version.GetInt32() != 4)
            throw new JsonException("It is no state of version 4.");
        var outputs = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var output in state.GetProperty("outputs").EnumerateObject())
            outputs[output.Name] = output.Value.GetProperty("value");
        return new TerraformState(state.GetProperty("serial").GetInt64(), outputs, InOrder([.. state.GetProperty("resources").EnumerateArray().SelectMany(ReadResource)]));
    }

    private static IEnumerable<StateResource> ReadResource(JsonElement resource)
    {
        if (resource.GetProperty("mode").GetString() != "managed")
            yield break;
        var type = resource.GetProperty("type").GetString()!;
        var block = $"{(resource.TryGetProperty("module", out var module) ? module.GetString() + "." : "")}{type}.{resource.GetProperty("name").GetString()}";
        foreach (var instance in resource.GetProperty("instances").EnumerateArray())
        {
            var key = instance.TryGetProperty("index_key", out var index) ? $"[{index.GetRawText()}]" : "";
            var id = instance.TryGetProperty("attributes", out var attributes) && attributes.ValueKind == JsonValueKind.Object && attributes.TryGetProperty("id", out var known) ? known.ToString() : "";
            var needs = instance.TryGetProperty("dependencies", out var dependencies) ? dependencies.EnumerateArray().Select(one => one.GetString()!).ToList() : [];
            yield return new StateResource(block + key, type, Block(block), id, instance.TryGetProperty("status", out var status) && status.GetString() == "tainted", needs);
        }
    }

    // A dependency names a block without the keys of its modules.
    private static string Block(string address)
    {
        var text = new System.Text.StringBuilder();
        var depth = 0;
        foreach (var letter in address)
        {
            depth += letter == '[' ? 1 : 0;
            if (depth == 0)
                text.Append(letter);
            depth -= letter == ']' ? 1 : 0;
        }

        return text.ToString();
    }

    private static List<StateResource> InOrder(List<StateResource> all)
    {
        var ordered = new List<StateResource>();
        var waiting = all.OrderBy(one => one.Address, StringComparer.Ordinal).ToList();
        while (waiting.Count > 0)
        {
            var free = waiting.Where(one => !waiting.Exists(other => other != one && other.Block != one.Block && one.Needs.Contains(other.Block, StringComparer.Ordinal))).ToList();
            // A circle cannot be in a state; one that somebody wrote by hand is taken as it stands.
            free = free.Count > 0 ? free : [.. waiting];
            ordered.AddRange(free);
            waiting.RemoveAll(free.Contains);
        }

        return ordered;
    }
}

/// <summary>A resource in a state.</summary>
/// <param name="Address">Such as <c>module.network.aws_subnet.public[0]</c>.</param>
/// <param name="Type">Such as <c>aws_subnet</c>.</param>
/// <param name="Block">The address without keys.</param>
/// <param name="Id">AWS's own.</param>
/// <param name="IsTainted">True when its creation was not finished.</param>
/// <param name="Needs">Blocks that it depends on.</param>
internal sealed record StateResource(string Address, string Type, string Block, string Id, bool IsTainted, IReadOnlyList<string> Needs);
