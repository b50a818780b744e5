using Spectre.Console;
using Spectre.Console.Rendering;

namespace Tenantry.Cli.Writing;

/// <summary>A table for people: bordered by nothing but space, so that it can be cut and searched as well.</summary>
internal sealed class TextTable(params string[] headers)
{
    private const int Gap = 2;
    private const int LeastOfSentence = 12;
    private readonly List<Cell[]> _rows = [];

    /// <summary>Columns that are left out, in this order, when the terminal has no room for all.</summary>
    public IReadOnlyList<string> MayLack { get; init; } = [];

    public void Row(params ReadOnlySpan<Cell> cells) => _rows.Add(cells.ToArray());

    /// <summary>Writes it, or the sentence when there is no row.</summary>
    public void Write(Output output, string whenEmpty)
    {
        if (_rows.Count == 0)
        {
            output.Line(whenEmpty);
            return;
        }

        var shown = Enumerable.Range(0, headers.Length).ToList();
        foreach (var lacking in MayLack)
        {
            if (shown.Sum(WidthOf) > output.Console.Profile.Width)
                shown.RemoveAll(column => headers[column] == lacking);
        }

        output.Console.Write(Make(shown));
    }

    private Table Make(IReadOnlyList<int> shown)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var column in shown)
        {
            var header = new Text(headers[column], new Style(decoration: Decoration.Bold));
            table.AddColumn(new TableColumn(header) { Padding = new Padding(0, 0, Gap, 0), NoWrap = !IsSentence(column) });
        }

        foreach (var row in _rows)
            table.AddRow(shown.Select(column => (IRenderable)new Text(row[column].Text, row[column].Style)));
        return table;
    }

    private int WidthOf(int column)
    {
        var longest = _rows.Max(row => row[column].Text.Length);
        return Gap + Math.Max(headers[column].Length, IsSentence(column) ? Math.Min(longest, LeastOfSentence) : longest);
    }

    private bool IsSentence(int column) => headers[column] is "REASON" or "MESSAGE" or "WHY";
}

/// <summary>A cell and how it looks where there are colours.</summary>
internal readonly record struct Cell(string Text, Style Style)
{
    public static implicit operator Cell(string? text) => new(string.IsNullOrEmpty(text) ? "-" : text, Style.Plain);

    public static Cell Good(string text) => new(text, new Style(Color.Green));

    public static Cell Bad(string text) => new(text, new Style(Color.Red));

    public static Cell Busy(string text) => new(text, new Style(Color.Yellow));

    public static Cell Quiet(string text) => new(text, new Style(Color.Grey));
}
