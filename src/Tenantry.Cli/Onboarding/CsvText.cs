using System.Text;

namespace Tenantry.Cli.Onboarding;

/// <summary>A line of a CSV file; <paramref name="Number"/> from 1.</summary>
internal sealed record CsvLine(int Number, IReadOnlyList<string> Fields);

/// <summary>Comma-separated values as RFC 4180 describes them: fields in quotes may hold commas, line ends and, doubled, quotes.</summary>
internal static class CsvText
{
    /// <summary>Lines that are not empty. What is wrong is told with its line.</summary>
    public static IReadOnlyList<CsvLine> Read(string text, Action<int, string> wrong)
    {
        var lines = new List<CsvLine>();
        var fields = new List<string>();
        var field = new StringBuilder();
        var (number, begin, isQuoted, wasQuoted) = (1, 1, false, false);
        // A mark that spreadsheets put first, and none is missing at the end.
        text = text.TrimStart('\uFEFF');
        for (var i = 0; i <= text.Length; i++)
        {
            var c = i < text.Length ? text[i] : '\n';
            if (c == '\n' && i < text.Length)
                number++;
            if (isQuoted && i < text.Length)
            {
                if (c != '"')
                    field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"')
                    field.Append(text[++i]);
                else
                    isQuoted = false;
                continue;
            }

            switch (c)
            {
                case '"' when field.Length == 0 && !wasQuoted:
                    isQuoted = wasQuoted = true;
                    break;
                case ',':
                    End();
                    break;
                case '\n':
                    EndLine();
                    break;
                case '\r':
                    break;
                default:
                    if (wasQuoted)
                        wrong(begin, "A quoted field goes on after its closing quote.");
                    field.Append(c);
                    break;
            }
        }

        if (isQuoted)
            wrong(begin, "A quote is not closed.");
        return lines;

        void End()
        {
            fields.Add(field.ToString());
            field.Clear();
            wasQuoted = false;
        }

        void EndLine()
        {
            if (fields.Count > 0 || field.Length > 0 || wasQuoted)
            {
                End();
                lines.Add(new CsvLine(begin, [.. fields]));
                fields.Clear();
            }

            begin = number;
        }
    }
}
