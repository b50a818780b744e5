using System.Text;
using Microsoft.Extensions.Primitives;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Header lines as strings. A line that stands where the same one stood in the answer before is not made again.</summary>
internal sealed class AnswerLines
{
    private const int Most = 24;
    private const int Longest = 256;
    private readonly List<Line> known = [];

    /// <summary>The line at a place of the head.</summary>
    /// <param name="place">From 0.</param>
    /// <param name="bytes">The line, without its end.</param>
    /// <param name="colon">Where its name ends.</param>
    public Line At(int place, ReadOnlySpan<byte> bytes, int colon)
    {
        if (place < known.Count && bytes.SequenceEqual(known[place].Bytes))
            return known[place];
        var line = new Line(
            place < Most && bytes.Length <= Longest ? bytes.ToArray() : [],
            place < known.Count && bytes[..colon].SequenceEqual(known[place].Bytes.AsSpan(0, Math.Min(colon, known[place].Bytes.Length)))
                && known[place].Name.Length == colon ? known[place].Name : Encoding.ASCII.GetString(bytes[..colon]),
            Encoding.Latin1.GetString(bytes[(colon + 1)..].Trim(" \t"u8)));
        if (line.Bytes.Length == 0)
            return line;
        if (place < known.Count)
            known[place] = line;
        else if (place == known.Count)
            known.Add(line);
        return line;
    }

    internal readonly record struct Line(byte[] Bytes, string Name, StringValues Value);
}
