using Spectre.Console;
using Spectre.Console.Rendering;

namespace Tenantry.Cli.Writing;

/// <summary>A table for people: bordered by nothing but space, so that it can be cut and searched as well. The first column says which row it is.</summary>
internal sealed class TextTable(params string[] headers)
{
    private readonly List<Cell[]> _rows = [];

    /// <summary>Columns that are left out, in this order, when the terminal has no room for all.</summary>
    public IReadOnlyList<string> MayLack { get; init; } = [];

    /// <summary>Of a text of several lines, such as the last output of an app, a row shows the first.</summary>
    public void Row(params ReadOnlySpan<Cell> cells)
    {
        var row = new Cell[cells.Length];
        for (var i = 0; i < cells.Length; i++)
            row[i] = cells[i] with { Text = Words.Printable(Words.FirstLine(cells[i].Text)) };
        _rows.Add(row);
    }

    /// <summary>Writes it, or the sentence when there is no row.</summary>
    public void Write(Output output, string whenEmpty)
    {
        if (_rows.Count == 0)
        {
            output.Line(whenEmpty);
            return;
        }

        var columns = headers.Select((header, i) => new TableWidths.Column(
            header, [.. _rows.Select(row => row[i].Text)], IsSentence(i))).ToList();
        var profile = output.Console.Profile;
        var available = profile.Width;
        var widths = TableWidths.Fit(columns, MayLack, available);
        try
        {
            // What does not fit at all is left to the terminal, which wraps whole lines and loses nothing.
            profile.Width = Math.Max(available, TableWidths.Total(widths));
            output.Console.Write(Make(widths));
        }
        finally
        {
            profile.Width = available;
        }
    }

    private Table Make(IReadOnlyList<(int Column, int Width)> shown)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        for (var i = 0; i < shown.Count; i++)
        {
            var header = new Text(headers[shown[i].Column], new Style(decoration: Decoration.Bold));
            var gap = i < shown.Count - 1 ? TableWidths.Gap : 0;
            table.AddColumn(new TableColumn(header) { Padding = new Padding(0, 0, gap, 0), Width = shown[i].Width });
        }

        foreach (var row in _rows)
            table.AddRow(shown.Select(c => (IRenderable)new Text(IsSentence(c.Column) ? row[c.Column].Text : TableWidths.Shorten(row[c.Column].Text, c.Width), row[c.Column].Style)));
        return table;
    }

    private bool IsSentence(int column) => headers[column] is "REASON" or "MESSAGE" or "WHY" or "DETAIL" or "OPTIONS";
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
