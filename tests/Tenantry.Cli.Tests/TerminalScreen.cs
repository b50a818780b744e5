using System.Globalization;
using System.Text;

namespace Tenantry.Cli.Tests;

/// <summary>A terminal as far as rows that are drawn over need one: it wraps, scrolls, and takes a count of 0 as 1, as real ones do.</summary>
internal sealed class TerminalScreen(int width, int height) : TextWriter(CultureInfo.InvariantCulture)
{
    private readonly Lock _gate = new();
    private readonly List<StringBuilder> _lines = [new()];
    private readonly StringBuilder _sequence = new();
    private int _row;
    private int _column;
    private bool _inSequence;

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Everything that was written, in order.</summary>
    public string Written
    {
        get
        {
            lock (_gate)
                return field;
        }
        private set;
    } = "";

    /// <summary>What a person sees, with what scrolled out above; without empty lines at the end.</summary>
    public string[] Seen
    {
        get
        {
            lock (_gate)
                return [.. _lines.Select(l => l.ToString().TrimEnd()).Reverse().SkipWhile(l => l.Length == 0).Reverse()];
        }
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(StringBuilder? value) => Write(value?.ToString());

    public override void Write(string? value)
    {
        lock (_gate)
        {
            Written += value;
            foreach (var c in value ?? "")
                Put(c);
        }
    }

    public override void WriteLine(string? value) => Write(value + "\n");

    private void Put(char c)
    {
        if (_inSequence)
            Sequence(c);
        else if (c == '\e')
            _inSequence = true;
        else if (c == '\r')
            _column = 0;
        else if (c == '\n')
            NextLine();
        else
            Show(c);
    }

    private void Show(char c)
    {
        if (c == '\t' || char.IsControl(c))
            throw new InvalidOperationException($"The control character {(int)c} moves the cursor.");
        if (_column == width)
            NextLine();
        var line = _lines[_row];
        line.Append(' ', Math.Max(0, _column + 1 - line.Length));
        line[_column++] = c;
    }

    private void NextLine()
    {
        (_row, _column) = (_row + 1, 0);
        if (_row == _lines.Count)
            _lines.Add(new());
    }

    private void Sequence(char c)
    {
        if (!char.IsLetter(c))
        {
            _sequence.Append(c);
            return;
        }

        var number = int.TryParse(_sequence.ToString().TrimStart('['), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0;
        if (c == 'A')
            _row = Math.Max(Math.Max(0, _lines.Count - height), _row - Math.Max(1, number));
        else if (c == 'J')
            EraseBelow();
        else if (c != 'm')
            throw new InvalidOperationException($"This terminal knows no sequence {c}.");
        _sequence.Clear();
        _inSequence = false;
    }

    private void EraseBelow()
    {
        _lines[_row].Length = Math.Min(_lines[_row].Length, _column);
        _lines.RemoveRange(_row + 1, _lines.Count - _row - 1);
    }
}
