using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>A tree as YAML. A text is written so that readers of YAML 1.1 and 1.2 alike see the same text: <c>no</c> and <c>12:30</c> are none of their business.</summary>
internal static partial class ComposeText
{
    private static readonly HashSet<string> Words = new(["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"], StringComparer.OrdinalIgnoreCase);

    internal static string Write(JsonObject root)
    {
        var text = new StringBuilder();
        Mapping(text, root, "");
        return text.ToString();
    }

    private static void Mapping(StringBuilder text, JsonObject mapping, string indent)
    {
        foreach (var (key, value) in mapping)
        {
            text.Append(indent).Append(Scalar(key)).Append(':');
            Value(text, value, indent);
        }
    }

    private static void Value(StringBuilder text, JsonNode? value, string indent)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } mapping:
                text.Append('\n');
                Mapping(text, mapping, indent + "  ");
                break;
            case JsonArray { Count: > 0 } list:
                text.Append('\n');
                foreach (var item in list)
                    Item(text, item, indent + "  ");
                break;
            default:
                text.Append(' ').Append(Plain(value)).Append('\n');
                break;
        }
    }

    private static void Item(StringBuilder text, JsonNode? item, string indent)
    {
        text.Append(indent).Append('-');
        if (item is not JsonObject { Count: > 0 } mapping)
        {
            Value(text, item, indent);
            return;
        }

        var inner = new StringBuilder();
        Mapping(inner, mapping, indent + "  ");
        text.Append(' ').Append(inner.ToString().AsSpan(indent.Length + 2));
    }

    private static string Plain(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when value.GetValueKind() == JsonValueKind.String => Scalar(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    private static string Scalar(string text)
    {
        if (Safe().IsMatch(text) && !Words.Contains(text))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var sign in text)
        {
            quoted.Append(sign switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                _ when sign < ' ' || sign is >= '\u007f' and <= '\u00a0' or '\u2028' or '\u2029' or '\ufeff' => "\\u" + ((int)sign).ToString("x4", CultureInfo.InvariantCulture),
                _ => sign.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"\A[A-Za-z/][A-Za-z0-9_./-]*\z")]
    private static partial Regex Safe();
}
