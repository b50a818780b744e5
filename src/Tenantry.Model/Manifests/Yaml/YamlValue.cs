namespace Tenantry.Model.Manifests.Yaml;

/// <summary>A place in the text: line and column from 1, index from 0.</summary>
internal readonly record struct Place(int Line, int Column, int Index);

/// <summary>A YAML value that knows where it stands. An alias is the very node that its anchor names.</summary>
internal abstract class YamlValue(Place start, Place end)
{
    public Place Start { get; } = start;

    public Place End { get; } = end;

    /// <summary>Number of values that a reader visits below this one, aliases counted each time.</summary>
    public abstract long Weight { get; }

    /// <summary>How a message calls it.</summary>
    public abstract string Kind { get; }
}

internal sealed class YamlText(Place start, Place end, string text, bool plain) : YamlValue(start, end)
{
    public string Text { get; } = text;

    /// <summary>Written without quotes, so that <c>8080</c> is a number and <c>true</c> a flag.</summary>
    public bool IsPlain { get; } = plain;

    public bool IsNull => IsPlain && Text is "" or "~" or "null";

    public override long Weight => 1;

    public override string Kind => IsNull ? "nothing" : IsPlain ? $"'{Shown}'" : $"the text '{Shown}'";

    private string Shown => Text.Length <= 60 ? Text : Text[..60] + "…";
}

internal sealed class YamlList(Place start, Place end, IReadOnlyList<YamlValue> items) : YamlValue(start, end)
{
    public IReadOnlyList<YamlValue> Items { get; } = items;

    public override long Weight { get; } = 1 + items.Sum(i => i.Weight);

    public override string Kind => "a list";
}

internal sealed class YamlMapping(Place start, Place end, IReadOnlyList<YamlEntry> entries) : YamlValue(start, end)
{
    /// <summary>In the order of the file; a key may occur twice.</summary>
    public IReadOnlyList<YamlEntry> Entries { get; } = entries;

    public override long Weight { get; } = 1 + entries.Sum(e => 1 + e.Value.Weight);

    public override string Kind => "a mapping";

    public YamlValue? Find(string key) => Entries.FirstOrDefault(e => e.Key.Text == key)?.Value;
}

internal sealed record YamlEntry(YamlText Key, YamlValue Value);
