using System.Buffers;

namespace Tenantry.Server.Gateway.Strictness;

/// <summary>Follows the borders of requests through the bytes of a connection.</summary>
internal sealed class RequestScanner(RequestGuard guard)
{
    /// <summary>Of a whole head; Kestrel refuses sooner what is of too many lines.</summary>
    public const int LongestHead = 40 * 1024;

    private const int LongestChunkLine = 1024;
    private const int LongestTrailers = 16 * 1024;
    private Part part = Part.Head;
    private long rest;
    private long searched;

    private enum Part
    {
        Head,
        Length,
        ChunkLine,
        ChunkData,
        ChunkEnd,
        Trailers,
        Held,
        Open,
        Refused,
    }

    /// <summary>A request has ended here; what follows waits until it is asked for.</summary>
    public bool IsHeld => part == Part.Held;

    public bool IsRefused => part == Part.Refused;

    /// <summary>A head has begun and is not whole.</summary>
    public bool IsInHead => part == Part.Head && searched > 0;

    /// <summary>What Kestrel reads in place of what was refused.</summary>
    public ReadOnlyMemory<byte> Instead { get; private set; }

    /// <summary>The next request is wanted, or what follows a switch.</summary>
    public void Continue()
    {
        part = guard.IsSwitched ? Part.Open : Part.Head;
        searched = 0;
        guard.Listed = null;
    }

    public void Refuse(GatewayAnswer refusal, bool wantsPage = false)
    {
        Instead = part == Part.Head ? Refusals.Request(wantsPage) : Refusals.Chunk;
        guard.Refusal = refusal;
        part = Part.Refused;
    }

    /// <summary>How many bytes from the beginning are right. The rest is given again with the next call.</summary>
    public long Scan(ReadOnlySequence<byte> bytes)
    {
        var done = 0L;
        while (true)
        {
            var step = part switch
            {
                Part.Head => Head(bytes.Slice(done)),
                Part.Length or Part.ChunkData => Data(bytes.Length - done),
                Part.ChunkLine => ChunkLine(bytes.Slice(done)),
                Part.ChunkEnd => ChunkEnd(bytes.Slice(done)),
                Part.Trailers => Trailers(bytes.Slice(done)),
                Part.Open => bytes.Length - done,
                _ => 0,
            };
            done += step;
            if (step == 0 || part == Part.Open)
                return done;
        }
    }

    private long Head(ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsEmpty)
            return 0;
        if (EndOfHead(bytes) is not { } length)
        {
            if (part == Part.Head && bytes.Length > LongestHead)
                Refuse(Refusals.LongHead);
            searched = bytes.Length;
            return 0;
        }

        if (length > LongestHead)
        {
            Refuse(Refusals.LongHead);
            return 0;
        }

        var head = bytes.Slice(0, length);
        if (head.IsSingleSegment)
            return Head(head.FirstSpan);
        var copy = ArrayPool<byte>.Shared.Rent((int)length);
        head.CopyTo(copy);
        var taken = Head(copy.AsSpan(0, (int)length));
        ArrayPool<byte>.Shared.Return(copy);
        return taken;
    }

    private int Head(ReadOnlySpan<byte> head)
    {
        // A blank line or two before a request are left of an older client's body.
        if (head is [(byte)'\r', (byte)'\n', ..])
            return 2;
        var seen = HeadRules.Read(head);
        if (seen.Refusal is { } refusal)
        {
            Refuse(refusal, head.IndexOf("text/html"u8) >= 0);
            return 0;
        }

        guard.Listed = seen.Listed;
        searched = 0;
        rest = seen.Length;
        part = seen.IsChunked ? Part.ChunkLine : seen.Length > 0 ? Part.Length : Part.Held;
        return head.Length;
    }

    // A line feed alone ends no line: one would wait for ever for the end of such a head.
    private long? EndOfHead(ReadOnlySequence<byte> bytes)
    {
        var reader = new SequenceReader<byte>(bytes);
        reader.Advance(Math.Max(0, Math.Min(searched, bytes.Length) - 3));
        while (reader.TryReadTo(out ReadOnlySequence<byte> before, (byte)'\n'))
        {
            var end = reader.Consumed;
            if (end < 2 || At(bytes, end - 2) != '\r')
            {
                Refuse(Refusals.LineEnd);
                return null;
            }

            if (end == 2 || (end >= 4 && At(bytes, end - 3) == '\n' && At(bytes, end - 4) == '\r'))
                return end;
        }

        return null;
    }

    private static byte At(ReadOnlySequence<byte> bytes, long index) => bytes.IsSingleSegment ? bytes.FirstSpan[(int)index] : bytes.Slice(index, 1).FirstSpan[0];

    private long Data(long count)
    {
        var step = Math.Min(count, rest);
        rest -= step;
        if (rest == 0)
            part = part == Part.Length ? Part.Held : Part.ChunkEnd;
        return step;
    }

    private long ChunkEnd(ReadOnlySequence<byte> bytes)
    {
        if (bytes.Length < 2)
            return 0;
        if (At(bytes, 0) != '\r' || At(bytes, 1) != '\n')
        {
            Refuse(Refusals.Chunks);
            return 0;
        }

        part = Part.ChunkLine;
        return 2;
    }

    private long ChunkLine(ReadOnlySequence<byte> bytes)
    {
        Span<byte> line = stackalloc byte[(int)Math.Min(bytes.Length, LongestChunkLine)];
        bytes.Slice(0, line.Length).CopyTo(line);
        var end = line.IndexOf((byte)'\n');
        if (end < 0 && line.Length < LongestChunkLine)
            return 0;
        if (end < 1 || HeadRules.ChunkSize(line[..(end + 1)]) is not { } size)
        {
            Refuse(Refusals.Chunks);
            return 0;
        }

        rest = size;
        if (size == 0)
        {
            // The last chunk goes with its trailers, whole.
            part = Part.Trailers;
            return Trailers(bytes);
        }

        part = Part.ChunkData;
        return end + 1;
    }

    private long Trailers(ReadOnlySequence<byte> bytes)
    {
        var before = searched;
        searched = 0;
        var end = EndOfHead(bytes);
        searched = before;
        if (part != Part.Trailers)
            return 0;
        if (end is null)
        {
            if (bytes.Length > LongestTrailers)
                Refuse(Refusals.LongHead);
            return 0;
        }

        var all = bytes.Slice(0, end.Value).ToArray().AsSpan();
        if (HeadRules.Trailers(all[(all.IndexOf((byte)'\n') + 1)..]) is { } refusal)
        {
            Refuse(refusal);
            return 0;
        }

        part = Part.Held;
        return all.Length;
    }
}
