using System.Buffers.Text;
using System.Text;
using Tenantry.Server.Gateway.Strictness;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Takes a chunked body apart as it comes.</summary>
internal sealed class ChunkReader
{
    private const int LongestLine = 1024;
    private const int LongestTrailers = 16 * 1024;
    private Part part = Part.Size;
    private long rest;

    private enum Part
    {
        Size,
        Data,
        DataEnd,
        Trailers,
        End,
    }

    /// <summary>The body and its trailers have ended.</summary>
    public bool IsAtEnd => part == Part.End;

    /// <summary>Trailers, when there were any.</summary>
    public List<(string Name, string Value)>? Trailers { get; private set; }

    /// <summary>The next piece of data. <paramref name="used"/> bytes are done with; none and no data: more is needed.</summary>
    /// <exception cref="BadAnswerException">These are no chunks.</exception>
    public ReadOnlySpan<byte> Next(ReadOnlySpan<byte> bytes, out int used)
    {
        used = 0;
        while (true)
        {
            var left = bytes[used..];
            switch (part)
            {
                case Part.Size when ReadSize(left) is var step and > 0:
                    used += step;
                    break;
                case Part.Data when !left.IsEmpty:
                    var length = (int)Math.Min(left.Length, rest);
                    rest -= length;
                    if (rest == 0)
                        part = Part.DataEnd;
                    used += length;
                    return left[..length];
                case Part.DataEnd when left.Length >= 2:
                    if (left is not [(byte)'\r', (byte)'\n', ..])
                        throw new BadAnswerException("a chunk of another length than it said");
                    part = Part.Size;
                    used += 2;
                    break;
                case Part.Trailers when ReadTrailer(left) is var step and > 0:
                    used += step;
                    break;
                default:
                    return default;
            }
        }
    }

    private int ReadSize(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        if (end < 0 && bytes.Length < LongestLine)
            return 0;
        rest = (end > 0 ? HeadRules.ChunkSize(bytes[..(end + 1)]) : null) ?? throw new BadAnswerException("a chunk without a size");
        part = rest == 0 ? Part.Trailers : Part.Data;
        return end + 1;
    }

    private int ReadTrailer(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        if (end < 0)
            return bytes.Length < LongestTrailers ? 0 : throw new BadAnswerException("a trailer that is too long");
        if (end == 1 && bytes[0] == '\r')
        {
            part = Part.End;
            return 2;
        }

        if (end < 1 || bytes[end - 1] != '\r' || HeadRules.RefuseField(bytes[..(end - 1)], out var colon) is not null || Trailers?.Count >= 64)
            throw new BadAnswerException("a trailer that is not well formed");
        var name = Encoding.ASCII.GetString(bytes[..colon]);
        if (FieldRules.MayTrail(name))
            (Trailers ??= []).Add((name, Encoding.Latin1.GetString(bytes[(colon + 1)..(end - 1)].Trim(" \t"u8))));
        return end + 1;
    }
}
