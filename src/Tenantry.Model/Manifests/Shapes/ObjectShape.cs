using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>A mapping whose keys are known. Starts from a record with all defaults and sets what the file says.</summary>
internal sealed class ObjectShape<T>(string allowed, T initial) : Shape<T> where T : class
{
    private readonly List<Member> _members = [];
    private readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);
    private Func<T, string, ReadContext, T>? _finish;

    public override string Allowed => allowed;

    /// <summary>A key whose default is what the initial record has.</summary>
    public ObjectShape<T> Key<TValue>(string name, Shape<TValue> shape, Func<T, TValue?> get, Func<T, TValue, T> set, string description) =>
        Add(name, shape, set, description, false, shape.Text(get(initial)));

    /// <summary>A key that must be there.</summary>
    public ObjectShape<T> Required<TValue>(string name, Shape<TValue> shape, Func<T, TValue, T> set, string description) =>
        Add(name, shape, set, description, true, null);

    /// <summary>A key without a default, or whose default is worked out from the rest of the file.</summary>
    public ObjectShape<T> Optional<TValue>(string name, Shape<TValue> shape, Func<T, TValue, T> set, string description) =>
        Add(name, shape, set, description, false, null);

    /// <summary>A key that people may expect, and why it does not exist.</summary>
    public ObjectShape<T> Refused(string reason, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            _refused[name] = reason;
        return this;
    }

    /// <summary>What is done when all keys have been read: fill in what depends on others, check them together.</summary>
    public ObjectShape<T> Finish(Func<T, string, ReadContext, T> finish)
    {
        _finish = finish;
        return this;
    }

    /// <summary>A broken mapping still gives a record, so that later checks know that the thing is there.</summary>
    public override bool TryRead(YamlValue value, string path, ReadContext context, [MaybeNullWhen(false)] out T result)
    {
        result = initial;
        if (value is not YamlMapping mapping)
        {
            Refuse(value, path, context, out _);
            return true;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, entry) in mapping.Entries)
        {
            var keyPath = PathText.Key(path, key.Text);
            var member = _members.Find(m => m.Name == key.Text);
            if (member is null)
            {
                context.Report(keyPath, key.Start, Unknown(key.Text));
            }
            else if (!seen.Add(key.Text))
            {
                context.Report(keyPath, key.Start, $"'{key.Text}' is here twice.");
            }
            else
            {
                context.Remember(keyPath, entry);
                context.RememberKey(keyPath, key.Start);
                result = member.Read(result, entry, keyPath, context);
            }
        }
        foreach (var missing in _members.Where(m => m.IsRequired && !seen.Contains(m.Name)))
            context.Report(PathText.Key(path, missing.Name), mapping.Start, $"'{missing.Name}' is missing: {Lowered(missing.Description)}");
        if (_finish is not null)
            result = _finish(result, path, context);
        return true;
    }

    public override JsonObject Schema()
    {
        var properties = new JsonObject();
        foreach (var member in _members)
        {
            var schema = member.Schema();
            schema["description"] = member.Default is null ? member.Description : $"{member.Description} Default: `{member.Default}`.";
            properties[member.Name] = schema;
        }
        var result = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (_members.Exists(m => m.IsRequired))
            result["required"] = new JsonArray([.. _members.Where(m => m.IsRequired).Select(m => JsonValue.Create(m.Name))]);
        return result;
    }

    public override IEnumerable<ManifestKey> Keys(string path)
    {
        foreach (var member in _members)
        {
            var memberPath = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
            yield return new ManifestKey(memberPath, member.Allowed, member.Default, member.IsRequired, member.Description);
            foreach (var below in member.Keys(memberPath))
                yield return below;
        }
    }

    private ObjectShape<T> Add<TValue>(string name, Shape<TValue> shape, Func<T, TValue, T> set, string description, bool required, string? usual)
    {
        _members.Add(new Member(
            name, shape.Allowed, description, required, usual,
            (target, value, path, context) => shape.TryRead(value, path, context, out var read) ? set(target, read) : target,
            shape.Schema, shape.Keys));
        return this;
    }

    private static string Lowered(string sentence) =>
        sentence.Length > 1 && char.IsLower(sentence[1]) ? char.ToLowerInvariant(sentence[0]) + sentence[1..] : sentence;

    private string Unknown(string key)
    {
        if (_refused.TryGetValue(key, out var reason))
            return $"'{key}' is not offered: {reason}";
        var known = _members.ConvertAll(m => m.Name);
        return $"Unknown key '{key}'.{Nearest.Hint(key, known)} Allowed: {string.Join(", ", known)}.";
    }

    private sealed record Member(
        string Name, string Allowed, string Description, bool IsRequired, string? Default,
        Func<T, YamlValue, string, ReadContext, T> Read, Func<JsonObject> Schema, Func<string, IEnumerable<ManifestKey>> Keys);
}
