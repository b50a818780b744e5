using System.Globalization;
using System.Text;

namespace Tenantry.Bench;

/// <summary>A table in Markdown with an aim for each line that has one.</summary>
internal sealed class Report(string title)
{
    private readonly StringBuilder text = new($"# {title}\n");

    public void Say(string line = "") => text.Append(line).Append('\n');

    public void Table(params IReadOnlyList<string>[] rows)
    {
        Say();
        Say($"| {string.Join(" | ", rows[0])} |");
        Say($"|{string.Concat(rows[0].Select(_ => "---|"))}");
        foreach (var row in rows.Skip(1))
            Say($"| {string.Join(" | ", row)} |");
        Say();
    }

    public static string Number(double value, string unit = "") => value.ToString(value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture) + unit;

    public static string Verdict(bool met) => met ? "met" : "missed";

    public override string ToString() => text.ToString();

    public async Task WriteAsync(string path)
    {
        await Console.Out.WriteLineAsync(text.ToString());
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, text.ToString());
    }
}
