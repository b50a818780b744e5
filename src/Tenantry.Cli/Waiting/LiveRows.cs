using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Waiting;

/// <summary>A row that is drawn over: its mark, its text, which is cut to the terminal's width, and its time.</summary>
internal sealed record LiveRow(string Mark, string Text, string Time);

/// <summary>
/// Rows at the bottom of a terminal that are drawn over, below lines that stay. Nothing above them is touched: the cursor goes up by exactly the
/// rows that they take, also when the terminal became narrower since.
/// </summary>
internal sealed class LiveRows(Output output)
{
    public const string Bold = "1";
    public const string Red = "31";
    public const string Green = "32";
    public const string Yellow = "33";
    public const string Grey = "90";

    private readonly List<int> _drawn = [];

    /// <summary>Text in a colour or weight, where the terminal is to have some.</summary>
    public string Painted(string text, string style) => output.HasColors ? $"\e[{style}m{text}\e[0m" : text;

    /// <summary>Takes the rows away that stand there, prints lines that stay, and draws rows anew below them, all in one piece.</summary>
    public void Draw(IReadOnlyList<string> lines, IReadOnlyList<LiveRow> rows)
    {
        if (lines.Count == 0 && rows.Count == 0 && _drawn.Count == 0)
            return;
        var (width, height) = output.Size;
        var text = new StringBuilder();
        // A count of 0 would mean one to a terminal.
        if (_drawn.Sum(cells => Math.Max(1, (cells + width - 1) / width)) is var up and > 0)
            text.Append(CultureInfo.InvariantCulture, $"\r\e[{up}A\e[J");
        _drawn.Clear();
        foreach (var line in lines)
            text.Append(line).Append('\n');
        // The cursor cannot go up to what has left the screen.
        foreach (var row in rows.Take(Math.Max(1, height - 2)))
        {
            var shown = Cut(row.Text, width - Around(row) - 1);
            text.Append("  ").Append(Painted(row.Mark, Yellow)).Append(' ').Append(shown).Append("  ").Append(Painted(row.Time, Grey)).Append('\n');
            _drawn.Add(Around(row) + Cells(shown));
        }

        output.Text.Write(text);
        output.Text.Flush();
    }

    private static int Around(LiveRow row) => 5 + Cells(row.Mark) + Cells(row.Time);

    private static string Cut(string text, int most)
    {
        if (Cells(text) <= most)
            return text;
        var cut = new StringBuilder();
        var cells = 1;
        foreach (var rune in text.EnumerateRunes())
        {
            cells += Cells(rune.ToString());
            if (cells > most)
                break;
            cut.Append(rune.ToString());
        }

        return cut.Append('…').ToString();
    }

    private static int Cells(string text) => new Segment(text).CellCount();
}
