using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Tenantry.Model.Manifests.Yaml;

/// <summary>Builds the tree of one YAML document from the parser's events. Bounded in size, depth and alias expansion.</summary>
internal sealed class YamlTree
{
    private const int MaximumText = 1_000_000;
    private const int MaximumDepth = 40;
    private const long MaximumWeight = 200_000;

    private readonly Parser _parser;
    private readonly Dictionary<string, YamlValue> _anchors = new(StringComparer.Ordinal);
    private int _depth;
    private YamlSyntaxException? _further;

    private YamlTree(string text) => _parser = new Parser(new StringReader(text));

    /// <returns>The root, or null when the text holds no value at all.</returns>
    /// <exception cref="YamlSyntaxException">With the place of the first mistake.</exception>
    public static YamlValue? Parse(string text)
    {
        var root = Parse(text, out var further);
        return further is null ? root : throw further;
    }

    /// <summary>The same for a text whose first document is good although others follow.</summary>
    /// <param name="text">The text.</param>
    /// <param name="further">The mistake that the second document is; null when there is none.</param>
    public static YamlValue? Parse(string text, out YamlSyntaxException? further)
    {
        if (text.Length > MaximumText)
            throw new YamlSyntaxException(1, 1, $"The file is longer than {MaximumText} characters.");
        var tree = new YamlTree(text);
        try
        {
            var root = tree.ReadDocument();
            further = tree._further;
            return root;
        }
        catch (YamlException e)
        {
            throw Explain(e, text);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException or NullReferenceException)
        {
            // The scanner itself trips over some broken texts, such as a flow mapping that is never closed.
            var at = tree._parser.Current?.End ?? new Mark(0, 1, 1);
            throw new YamlSyntaxException((int)at.Line, (int)at.Column, "The text after this is not valid YAML; is a bracket, brace or quote missing? A value that begins with ! or * needs quotes.");
        }
    }

    private static YamlSyntaxException Explain(YamlException e, string text)
    {
        if (e.Message.Contains("tab", StringComparison.Ordinal))
        {
            var lines = text.Split('\n');
            for (var i = Math.Max(0, (int)e.Start.Line - 1); i < lines.Length; i++)
            {
                var indentation = lines[i][..(lines[i].Length - lines[i].TrimStart().Length)];
                if (indentation.Contains('\t', StringComparison.Ordinal))
                    return new YamlSyntaxException(i + 1, indentation.IndexOf('\t', StringComparison.Ordinal) + 1, "Indent with spaces; YAML allows no tabs here.");
            }
        }
        return new YamlSyntaxException((int)e.Start.Line, (int)e.Start.Column, "Not valid YAML: " + e.Message.TrimEnd('.') + ".");
    }

    private YamlValue? ReadDocument()
    {
        Next();
        Next();
        if (_parser.Current is StreamEnd or null)
            return null;
        Next();
        var root = ReadValue();
        Next();
        Next();
        if (_parser.Current is DocumentStart second)
            _further = At(second, "A second document starts here; the file may hold one only.");
        return root.Weight <= MaximumWeight ? root : throw new YamlSyntaxException(1, 1, $"With its aliases written out, the file has more than {MaximumWeight} values.");
    }

    private void Next() => _parser.MoveNext();

    private YamlValue ReadValue()
    {
        if (++_depth > MaximumDepth)
            throw At(_parser.Current!, $"Nested more than {MaximumDepth} levels deep.");
        var value = _parser.Current switch
        {
            Scalar scalar => ReadText(scalar),
            SequenceStart list => ReadList(list),
            MappingStart mapping => ReadMapping(mapping),
            AnchorAlias alias => ReadAlias(alias),
            var other => throw new InvalidOperationException($"Unexpected {other}."),
        };
        _depth--;
        return value;
    }

    private YamlText ReadText(Scalar scalar)
    {
        RefuseTag(scalar);
        return Anchored(scalar, new YamlText(PlaceOf(scalar.Start), PlaceOf(scalar.End), scalar.Value, scalar.Style == ScalarStyle.Plain));
    }

    private YamlList ReadList(SequenceStart start)
    {
        RefuseTag(start);
        var items = new List<YamlValue>();
        for (Next(); _parser.Current is not SequenceEnd; Next())
            items.Add(ReadValue());
        return Anchored(start, new YamlList(PlaceOf(start.Start), PlaceOf(_parser.Current.End), items));
    }

    private YamlMapping ReadMapping(MappingStart start)
    {
        RefuseTag(start);
        var entries = new List<YamlEntry>();
        for (Next(); _parser.Current is not MappingEnd; Next())
        {
            if (_parser.Current is not Scalar)
                throw At(_parser.Current!, "A key must be plain text here.");
            var key = (YamlText)ReadValue();
            Next();
            entries.Add(new YamlEntry(key, ReadValue()));
        }
        return Anchored(start, new YamlMapping(PlaceOf(start.Start), PlaceOf(_parser.Current.End), entries));
    }

    // An anchor is known only when its value is complete, so that nothing can hold itself.
    private T Anchored<T>(NodeEvent at, T value) where T : YamlValue
    {
        if (value.Weight > MaximumWeight)
            throw At(at, $"With its aliases written out, this has more than {MaximumWeight} values.");
        if (!at.Anchor.IsEmpty)
            _anchors[at.Anchor.Value] = value;
        return value;
    }

    private YamlValue ReadAlias(AnchorAlias alias) =>
        _anchors.TryGetValue(alias.Value.Value, out var value)
            ? value
            : throw At(alias, $"Nothing above has the anchor '&{alias.Value.Value}'. If this is meant as text, put it in quotes: \"*{alias.Value.Value}\".");

    private static void RefuseTag(NodeEvent node)
    {
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
            throw At(node, $"'{node.Tag.Value}' is a YAML tag, which has no meaning here. If it is meant as text, put it in quotes: \"{node.Tag.Value}\".");
    }

    private static YamlSyntaxException At(ParsingEvent at, string message) => new((int)at.Start.Line, (int)at.Start.Column, message);

    private static Place PlaceOf(Mark mark) => new((int)mark.Line, (int)mark.Column, (int)mark.Index);
}
