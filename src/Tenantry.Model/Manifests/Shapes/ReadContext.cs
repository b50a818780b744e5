using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>Collects mistakes while a file is read, and remembers where each value stands for the checks that come afterwards.</summary>
internal sealed class ReadContext(string file, string text)
{
    private const int MaximumMessage = 1000;

    private readonly List<ManifestProblem> _problems = [];
    private readonly Dictionary<string, YamlValue> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _incomplete = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Place> _keys = new(StringComparer.Ordinal);

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ManifestProblem> Problems =>
        [.. _problems.Distinct().OrderBy(p => p.Line).ThenBy(p => p.Column).ThenBy(p => p.Path, StringComparer.Ordinal)];

    public void Remember(string path, YamlValue value) => _values[path] = value;

    public void RememberKey(string path, Place key) => _keys[path] = key;

    /// <summary>Says that broken items of a list have been left out, so that the numbers of the others are not those of the file.</summary>
    public void RememberIncomplete(string path) => _incomplete.Add(path);

    /// <summary>The path of a list's item by its number after reading, or that of the list when items have been left out.</summary>
    public string ItemPath(string list, int index) => _incomplete.Contains(list) ? list : PathText.Item(list, index);

    /// <summary>Whether the file itself has this value, rather than a default.</summary>
    public bool IsWritten(string path) => _values.ContainsKey(path);

    /// <summary>Whether a mistake has been reported for this value or for a part of it.</summary>
    public bool IsBroken(string path) =>
        _problems.Exists(p => p.Path == path || p.Path.StartsWith(path + ".", StringComparison.Ordinal) || p.Path.StartsWith(path + "[", StringComparison.Ordinal));

    /// <summary>Whether a mistake has been reported for this value itself, so that nothing is known of its parts.</summary>
    public bool IsRefused(string path) => _problems.Exists(p => p.Path == path);

    /// <summary>A mistake at an item's place, found when reading was over.</summary>
    public ManifestProblem ProblemOfItem(string list, int index, string message) => ProblemAt(ItemPath(list, index), message);

    /// <summary>A mistake at a value's place, found when reading was over.</summary>
    public ManifestProblem ProblemAt(string path, string message)
    {
        var at = PlaceOf(path);
        return new ManifestProblem(file, at.Line, at.Column, path, Printable(message));
    }

    public void Report(string path, Place at, string message) => _problems.Add(new ManifestProblem(file, at.Line, at.Column, path, Printable(message)));

    /// <summary>Reports at the value's place, or at that of the nearest thing around it.</summary>
    public void Report(string path, string message) => Report(path, PlaceOf(path), message);

    /// <summary>Reports at the place of the key.</summary>
    public void ReportKey(string path, string message) => Report(path, _keys.TryGetValue(path, out var at) ? at : PlaceOf(path), message);

    /// <summary>Reports at one reference inside a text; <paramref name="number"/> counts the references of the text from 0.</summary>
    public void ReportReference(string path, int number, string message)
    {
        if (!_values.TryGetValue(path, out var value))
        {
            Report(path, message);
            return;
        }
        // The value differs from its source by quotes, indentation and escapes, but holds the same references in the same order.
        var source = References.In(text[value.Start.Index..value.End.Index]);
        Report(path, number < source.Count ? PlaceAt(value.Start, value.Start.Index + source[number].Index) : value.Start, message);
    }

    // Messages quote the file; nothing in it may steer the terminal that they are printed on, nor flood it.
    public static string Printable(string message) =>
        string.Concat(message.Take(MaximumMessage).Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? '?' : c)) + (message.Length > MaximumMessage ? "…" : "");

    private Place PlaceAt(Place from, int index)
    {
        var lineStart = text.LastIndexOf('\n', Math.Max(0, index - 1)) + 1;
        return lineStart <= from.Index
            ? new Place(from.Line, from.Column + index - from.Index, index)
            : new Place(from.Line + text[from.Index..index].Count(c => c == '\n'), index - lineStart + 1, index);
    }

    private Place PlaceOf(string path)
    {
        for (var at = path; at.Length > 0; at = PathText.Parent(at))
        {
            if (_values.TryGetValue(at, out var value))
                return value.Start;
        }
        return _values.TryGetValue("", out var root) ? root.Start : new Place(1, 1, 0);
    }
}
