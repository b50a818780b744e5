using Spectre.Console;

namespace Tenantry.Cli.Writing;

/// <summary>How wide each column of a table is on a terminal, in cells. No word is broken while it can be helped, and the first column stays.</summary>
internal static class TableWidths
{
    public const int Gap = 2;
    private const int LeastOfSentence = 12;
    private const int LongestWholeWord = 32;
    private const int LeastOfShortened = 12;
    private const int LeastOfFirst = 24;

    /// <param name="Header">What stands above it.</param>
    /// <param name="Texts">Its cells.</param>
    /// <param name="IsSentence">True when it may go over several lines, between words.</param>
    internal sealed record Column(string Header, IReadOnlyList<string> Texts, bool IsSentence);

    /// <summary>The columns that are shown and their widths. Wider than <paramref name="available"/> together when nothing fits.</summary>
    public static IReadOnlyList<(int Column, int Width)> Fit(IReadOnlyList<Column> columns, IReadOnlyList<string> mayLack, int available)
    {
        var shown = columns.Select((column, i) => (Column: i, Width: Least(column))).ToList();
        foreach (var lacking in mayLack)
            if (Total(shown) > available)
                shown.RemoveAll(c => columns[c.Column].Header == lacking);
        Squeeze(columns, shown, available);
        Widen(columns, shown, available);
        return shown;
    }

    public static int Total(IReadOnlyList<(int Column, int Width)> shown) => shown.Sum(c => c.Width) + (Gap * (shown.Count - 1));

    /// <summary>Both ends of a text without spaces that is too wide; any other text as it is.</summary>
    public static string Shorten(string text, int width)
    {
        if (text.GetCellWidth() <= width || text.Contains(' ', StringComparison.Ordinal))
            return text;
        var kept = width - 1;
        var end = kept / 2;
        return string.Concat(text.AsSpan(0, kept - end), "…", text.AsSpan(text.Length - end));
    }

    private static int Least(Column column)
    {
        var widest = Widest(column.Texts);
        if (column.IsSentence)
        {
            var word = Widest(column.Texts.SelectMany(text => text.Split(' ', '\n')));
            widest = Math.Min(widest, Math.Max(LeastOfSentence, Math.Min(word, LongestWholeWord)));
        }

        return Math.Max(column.Header.GetCellWidth(), widest);
    }

    // The last means: the widest columns lose their middle, the first one after all others, and only if that is enough.
    private static void Squeeze(IReadOnlyList<Column> columns, List<(int Column, int Width)> shown, int available)
    {
        var squeezed = shown.ToList();
        while (Total(squeezed) > available)
        {
            var widest = Enumerable.Range(1, squeezed.Count - 1)
                .Where(i => !columns[squeezed[i].Column].IsSentence && columns[squeezed[i].Column].Texts.All(text => !text.Contains(' ', StringComparison.Ordinal)))
                .Where(i => squeezed[i].Width > Math.Max(LeastOfShortened, columns[squeezed[i].Column].Header.Length))
                .OrderByDescending(i => squeezed[i].Width).FirstOrDefault();
            if (widest == 0 && squeezed[0].Width <= LeastOfFirst)
                return;
            squeezed[widest] = squeezed[widest] with { Width = squeezed[widest].Width - 1 };
        }

        shown.Clear();
        shown.AddRange(squeezed);
    }

    private static void Widen(IReadOnlyList<Column> columns, List<(int Column, int Width)> shown, int available)
    {
        for (var i = 0; i < shown.Count; i++)
        {
            var (column, width) = shown[i];
            var room = available - Total(shown);
            if (columns[column].IsSentence && room > 0)
                shown[i] = (column, Math.Min(width + room, Math.Max(width, Widest(columns[column].Texts))));
        }
    }

    private static int Widest(IEnumerable<string> texts) => texts.SelectMany(text => text.Split('\n')).Select(line => line.GetCellWidth()).DefaultIfEmpty().Max();
}
