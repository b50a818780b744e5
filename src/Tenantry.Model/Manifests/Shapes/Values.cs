using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tenantry.Model.Manifests.Yaml;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>The plain values of the manifest: text, numbers, sizes, times, names.</summary>
internal static class Values
{
    /// <summary>Any text, the empty one too. A number or flag without quotes is taken as it is written.</summary>
    public static Shape<string> Text { get; } = new TextShape<string>(
        "text",
        t => t.Text.Contains('\0', StringComparison.Ordinal) ? Parsed<string>.Wrong("A zero byte is not allowed in text.") : Parsed<string>.Ok(t.Text),
        () => new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") },
        text => text);

    /// <summary>Text of one line that says something.</summary>
    public static Shape<string> Line { get; } = Checked(
        "one line of text", "string or number", null,
        text => text.Trim().Length == 0 || text.Any(char.IsControl) ? "" : null);

    public static Shape<bool> Flag { get; } = new TextShape<bool>(
        "true or false",
        t => t is { IsPlain: true, Text: "true" or "false" } ? Parsed<bool>.Ok(t.Text == "true") : Parsed<bool>.Wrong(""),
        () => new JsonObject { ["type"] = "boolean" },
        flag => flag ? "true" : "false");

    public static Shape<long> Size { get; } = new TextShape<long>(
        "a size such as 128MB, 1GB or 64KiB",
        t => SizeText.Parse(t.Text) is { } bytes and > 0 ? Parsed<long>.Ok(bytes) : Parsed<long>.Wrong(""),
        () => new JsonObject
        {
            ["anyOf"] = new JsonArray(
                new JsonObject { ["type"] = "string", ["pattern"] = SizeText.Pattern },
                new JsonObject { ["type"] = "integer", ["minimum"] = 1 }),
        },
        SizeText.Write);

    public static Shape<TimeSpan> Duration { get; } = new TextShape<TimeSpan>(
        "a duration such as 500ms, 30s, 10m or 1h30m",
        t => DurationText.Parse(t.Text) is { } duration && duration > TimeSpan.Zero ? Parsed<TimeSpan>.Ok(duration) : Parsed<TimeSpan>.Wrong(""),
        () => new JsonObject { ["type"] = "string", ["pattern"] = DurationText.Pattern },
        DurationText.Write);

    public static Shape<TimeSpan?> DurationOrNever { get; } = new TextShape<TimeSpan?>(
        "a duration such as 30s, 10m or 1h30m, or never",
        t => t.Text == "never" ? Parsed<TimeSpan?>.Ok(null)
            : DurationText.Parse(t.Text) is { } duration && duration > TimeSpan.Zero ? Parsed<TimeSpan?>.Ok(duration) : Parsed<TimeSpan?>.Wrong(""),
        () => new JsonObject { ["type"] = "string", ["pattern"] = $"{DurationText.Pattern}|^never$" },
        duration => duration is null ? "never" : DurationText.Write(duration.Value));

    public static Shape<decimal> Cores { get; } = new TextShape<decimal>(
        "a number of cores such as 0.25 or 2, from 0.01 to 1024",
        t => decimal.TryParse(t.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cores) && cores is >= 0.01m and <= 1024 && cores == decimal.Round(cores, 3)
            ? Parsed<decimal>.Ok(WithoutTrailingZeros(cores)) : Parsed<decimal>.Wrong(""),
        () => new JsonObject { ["type"] = "number", ["minimum"] = 0.01, ["maximum"] = 1024 },
        cores => cores.ToString("0.###", CultureInfo.InvariantCulture));

    public static Shape<decimal> Money { get; } = new TextShape<decimal>(
        "an amount of US dollars such as $5 or $12.50",
        t => MoneyText.Parse(t.Text) is { } dollars ? Parsed<decimal>.Ok(WithoutTrailingZeros(dollars)) : Parsed<decimal>.Wrong(""),
        () => new JsonObject { ["type"] = "string", ["pattern"] = MoneyText.Pattern },
        MoneyText.Write);

    public static Shape<string> SecretName { get; } = Checked("the name of a secret", "string", MapNames.SecretPattern, text => MapNames.Secrets.Problem(text));

    public static Shape<string> VariableName { get; } = Checked("the name of an environment variable", "string", MapNames.VariablePattern, text => MapNames.Variables.Problem(text));

    public static Shape<int> Whole(int minimum, int maximum, string what = "a whole number") => new TextShape<int>(
        $"{what} from {minimum} to {maximum}",
        t => t.IsPlain && int.TryParse(t.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum
            ? Parsed<int>.Ok(number) : Parsed<int>.Wrong(""),
        () => new JsonObject { ["type"] = "integer", ["minimum"] = minimum, ["maximum"] = maximum },
        number => number.ToString(CultureInfo.InvariantCulture));

    public static Shape<int> Port { get; } = Whole(1, 65535, "a port");

    /// <summary>A name under <see cref="NamingRules"/>.</summary>
    public static Shape<string> Name(NameKind kind) => Checked(
        $"the name of {(kind is NameKind.App or NameKind.Environment or NameKind.Organization ? "an" : "a")} {kind.ToString().ToLowerInvariant()}", "string", NamingRules.Pattern,
        text => MapNames.Of(kind).Problem(text));

    /// <summary>One of the names of an enum, in camel case.</summary>
    public static Shape<T> Word<T>() where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(v => JsonNamingPolicy.CamelCase.ConvertName(v.ToString()), v => v, StringComparer.Ordinal);
        return new TextShape<T>(
            Listed(words.Keys),
            t => words.TryGetValue(t.Text, out var value) ? Parsed<T>.Ok(value) : Parsed<T>.Wrong($"Expected {Listed(words.Keys)}, found {t.Kind}.{Nearest.Hint(t.Text, words.Keys)}"),
            () => new JsonObject { ["enum"] = new JsonArray([.. words.Keys.Select(k => JsonValue.Create(k))]) },
            value => words.First(w => w.Value.Equals(value)).Key);
    }

    /// <summary>Text with a rule. The rule gives a sentence, or empty text for the usual "expected, found".</summary>
    public static Shape<string> Checked(string allowed, string types, string? pattern, Func<string, string?> problem) => new TextShape<string>(
        allowed,
        t => problem(t.Text) is { } wrong ? Parsed<string>.Wrong(wrong) : Parsed<string>.Ok(t.Text),
        () =>
        {
            var schema = new JsonObject { ["type"] = types.Contains(" or ", StringComparison.Ordinal) ? new JsonArray([.. types.Split(" or ").Select(t => JsonValue.Create(t))]) : types };
            if (pattern is not null)
                schema["pattern"] = pattern;
            return schema;
        },
        text => text);

    /// <summary>Text that a regular expression decides.</summary>
    public static Shape<string> Matching(string allowed, string pattern) =>
        Checked(allowed, "string", pattern, text => Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)) ? null : "");

    // 1 and 1.0 are one number, but a decimal remembers how it was written, and its JSON and digest would tell.
    private static decimal WithoutTrailingZeros(decimal number) => number / 1.0000000000000000000000000000m;

    public static string Listed(IEnumerable<string> words)
    {
        var all = words.ToList();
        return all.Count == 1 ? all[0] : string.Join(", ", all.Take(all.Count - 1)) + " or " + all[^1];
    }
}
