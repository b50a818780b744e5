using System.Globalization;
using System.Text.RegularExpressions;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Drafting;

/// <summary>The small print of the Compose format: short and long forms, merge keys, its own variables and sizes.</summary>
internal static partial class Compose
{
    /// <summary>The keys of a mapping with merge keys resolved; its own keys win.</summary>
    public static IReadOnlyDictionary<string, YamlValue> Merged(YamlValue? value)
    {
        var keys = new Dictionary<string, YamlValue>(StringComparer.Ordinal);
        if (value is not YamlMapping mapping)
            return keys;
        foreach (var (key, entry) in mapping.Entries.Where(e => e.Key.Text != "<<"))
            keys.TryAdd(key.Text, entry);
        var merged = mapping.Find("<<") is YamlList several ? several.Items : mapping.Find("<<") is { } one ? [one] : [];
        foreach (var (key, entry) in merged.SelectMany(m => Merged(m)))
            keys.TryAdd(key, entry);
        return keys;
    }

    public static string? Text(IReadOnlyDictionary<string, YamlValue> keys, string key) => keys.GetValueOrDefault(key) is YamlText { IsNull: false } text ? text.Text : null;

    public static string? Text(YamlValue? mapping, string key) => (mapping as YamlMapping)?.Find(key) is YamlText { IsNull: false } text ? text.Text : null;

    /// <summary>The names in a list, or the keys of a mapping.</summary>
    public static IEnumerable<string> Names(IReadOnlyDictionary<string, YamlValue> keys, string key) => keys.GetValueOrDefault(key) switch
    {
        YamlList list => list.Items.OfType<YamlText>().Select(t => t.Text),
        YamlMapping mapping => mapping.Entries.Select(e => e.Key.Text),
        _ => [],
    };

    /// <summary>Names and values, from a mapping or from a list of NAME=VALUE; null for a value that comes from outside.</summary>
    public static IEnumerable<(string Name, string? Value)> Pairs(IReadOnlyDictionary<string, YamlValue> keys, string key) => keys.GetValueOrDefault(key) switch
    {
        YamlMapping => Merged(keys[key]).Select(e => (e.Key, e.Value is YamlText { IsNull: false } text ? text.Text : null)),
        YamlList list => list.Items.OfType<YamlText>().Select(t => t.Text.Split('=', 2)).Select(p => (p[0], p.Length == 2 ? p[1] : null)),
        _ => [],
    };

    /// <summary>Source and target; no source for a volume without a name, no target for what is no volume.</summary>
    public static (string? Source, string? Target) Volume(YamlValue item)
    {
        if (item is YamlMapping mapping)
            return Text(mapping, "type") == "tmpfs" ? (null, null) : (Text(mapping, "source"), Text(mapping, "target"));
        var parts = ((item as YamlText)?.Text ?? "").Split(':');
        return parts.Length == 1 ? (null, parts[0].Length == 0 ? null : parts[0]) : (parts[0], parts[1]);
    }

    /// <summary>The text with Compose's own variables replaced by their defaults, or by nothing, and <c>$$</c> by <c>$</c>.</summary>
    public static string Literal(string text) => Interpolation().Replace(text, match => match.Value == "$$" ? "$" : match.Groups["usual"].Value);

    /// <summary>Sizes as Compose writes them; its units are powers of 1024.</summary>
    public static long? Bytes(string? text)
    {
        if (text is null || Size().Match(Literal(text)) is not { Success: true } match)
            return null;
        var factor = match.Groups["unit"].Value.ToLowerInvariant() switch { "k" => 1L << 10, "m" => 1L << 20, "g" => 1L << 30, _ => 1L };
        var bytes = decimal.Parse(match.Groups["number"].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * factor;
        return bytes is >= 1_000_000 and < 1L << 50 ? (long)bytes : null;
    }

    /// <summary>
    /// The value with a known password inside an address replaced by a reference to its secret; null when it holds a password that
    /// nothing else names, so that the whole value is a secret.
    /// </summary>
    public static string? WithSecrets(string value, IReadOnlyDictionary<string, string> secretsByValue)
    {
        if (AddressWithPassword().Match(value) is not { Success: true } match)
            return value;
        var password = match.Groups["password"];
        return secretsByValue.TryGetValue(password.Value, out var secret)
            ? $"{value[..password.Index]}${{secret.{secret}}}{value[(password.Index + password.Length)..]}"
            : null;
    }

    /// <summary>Replaces host names of other services by references, since their addresses differ from target to target.</summary>
    public static string WithHosts(string value, IReadOnlyDictionary<string, string> services)
    {
        foreach (var (host, name) in services)
        {
            var reference = $"${{service.{name}.host}}";
            value = value == host ? reference : Regex.Replace(
                value, $"(?<=^|//|@|,){Regex.Escape(host)}(?=:[0-9])|(?<=//|@){Regex.Escape(host)}(?=[/?]|$)", reference.Replace("$", "$$", StringComparison.Ordinal), RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        }
        return value;
    }

    [GeneratedRegex(@"\$\$|\$\{[A-Za-z_][A-Za-z0-9_]*((:?[-+?])(?<usual>[^}]*))?\}|\$[A-Za-z_][A-Za-z0-9_]*", RegexOptions.ExplicitCapture)]
    private static partial Regex Interpolation();

    [GeneratedRegex(@"://[^/@:\s]*:(?<password>[^/@\s]+)@", RegexOptions.ExplicitCapture)]
    private static partial Regex AddressWithPassword();

    [GeneratedRegex("^(?<number>[0-9]{1,9}(\\.[0-9]{1,3})?)(?<unit>[kKmMgG]?)[bB]?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Size();
}
