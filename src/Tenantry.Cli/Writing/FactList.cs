using Spectre.Console;

namespace Tenantry.Cli.Writing;

/// <summary>Names and values of one thing, one a line.</summary>
internal sealed class FactList
{
    private readonly List<(string Name, Cell Value, string After)> _facts = [];

    public void Add(string name, Cell value, string after = "") => _facts.Add((name, value, after));

    public void Write(Output output)
    {
        var width = _facts.Max(f => f.Name.Length) + 2;
        foreach (var (name, value, after) in _facts)
        {
            output.Console.Write(new Text(name.PadRight(width), new Style(Color.Grey)));
            output.Console.Write(new Text(Words.Printable(value.Text).Replace("\n", "\n" + new string(' ', width), StringComparison.Ordinal), value.Style));
            output.Console.WriteLine(after.Length > 0 ? "  " + after : "");
        }
    }
}
