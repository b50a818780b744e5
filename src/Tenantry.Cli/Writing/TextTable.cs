using Spectre.Console;
using Spectre.Console.Rendering;

namespace Tenantry.Cli.Writing;

/// <summary>A table for people: bordered by nothing but space, so that it can be cut and searched as well.</summary>
internal sealed class TextTable
{
    private readonly Table _table = new() { Border = TableBorder.None, ShowHeaders = true };
    private int _rows;

    public TextTable(params ReadOnlySpan<string> headers)
    {
        foreach (var header in headers)
            _table.AddColumn(new TableColumn(new Text(header, new Style(decoration: Decoration.Bold))) { Padding = new Padding(0, 0, 2, 0), NoWrap = header is not ("REASON" or "MESSAGE" or "WHY") });
    }

    public void Row(params ReadOnlySpan<Cell> cells)
    {
        var renderables = new IRenderable[cells.Length];
        for (var i = 0; i < cells.Length; i++)
            renderables[i] = new Text(cells[i].Text, cells[i].Style);
        _table.AddRow(renderables);
        _rows++;
    }

    /// <summary>Writes it, or the sentence when there is no row.</summary>
    public void Write(Output output, string whenEmpty)
    {
        if (_rows == 0)
            output.Line(whenEmpty);
        else
            output.Console.Write(_table);
    }
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
