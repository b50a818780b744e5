using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tenantry.Cli.Importing;

/// <summary>What a file of Terraform's variables says, as far as an import needs it: texts, numbers and truths by name; of JSON those deeper down, too, as <c>network.cidr</c>.</summary>
/// <param name="File">Which one.</param>
/// <param name="Values">By name.</param>
/// <param name="Lines">Where each stands, from 1; 0: not known.</param>
/// <param name="Json">Its text when it is JSON, else null.</param>
/// <param name="Mistakes">Lines that Terraform itself would refuse.</param>
internal sealed partial record TerraformVariables(
    string File, IReadOnlyDictionary<string, string> Values, IReadOnlyDictionary<string, int> Lines, string? Json, IReadOnlyList<(int Line, string Message)> Mistakes)
{
    /// <summary>Reads one.</summary>
    public static TerraformVariables Read(string file, string text) => file.EndsWith(".json", StringComparison.Ordinal) ? ReadJson(file, text) : ReadPlain(file, text);

    /// <summary>The first of these that it has, or null.</summary>
    public (string Name, string Value)? First(params string[] names) =>
        names.Where(Values.ContainsKey).Select(name => ((string, string)?)(name, Values[name])).FirstOrDefault();

    private static TerraformVariables ReadJson(string file, string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return new(file, values, new Dictionary<string, int>(StringComparer.Ordinal), null, [(1, "An object is expected.")]);
            Flatten(json.RootElement, "", values);
            return new(file, values, new Dictionary<string, int>(StringComparer.Ordinal), text, []);
        }
        catch (JsonException wrong)
        {
            return new(file, values, new Dictionary<string, int>(StringComparer.Ordinal), null, [((int)(wrong.LineNumber ?? 0) + 1, "It is no JSON.")]);
        }
    }

    private static void Flatten(JsonElement of, string prefix, Dictionary<string, string> values)
    {
        foreach (var member in of.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Object)
                Flatten(member.Value, $"{prefix}{member.Name}.", values);
            else if (member.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
                values[prefix + member.Name] = member.Value.ToString();
        }
    }

    private static TerraformVariables ReadPlain(string file, string text)
    {
        var (values, lines, mistakes) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, int>(StringComparer.Ordinal), new List<(int, string)>());
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (Assignment().Match(line) is not { Success: true } found)
                continue;
            var name = found.Groups["name"].Value;
            values[name] = found.Groups["text"].Success ? found.Groups["text"].Value : found.Groups["bare"].Value;
            lines[name] = number;
            if (found.Groups["text"].Value.Contains("${", StringComparison.Ordinal))
                mistakes.Add((number, $"'{name}' names another variable, which a file of variables must not: Terraform refuses it."));
        }

        return new(file, values, lines, null, mistakes);
    }

    [GeneratedRegex("""^\s*(?<name>[A-Za-z_][A-Za-z0-9_-]*)\s*=\s*("(?<text>([^"\\]|\\.)*)"|(?<bare>-?[0-9][0-9.]*|true|false))\s*((#|//).*)?\r?$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Assignment();
}
