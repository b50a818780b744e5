using System.Text;
using Microsoft.Win32.SafeHandles;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Logs;

/// <summary>
/// One raw output of a service: a file that its container appends to, whoever reads it. What was read and is kept elsewhere is cut out of
/// its front, so that it takes no disk; its offsets only grow.
/// </summary>
internal sealed class RawOutput(string path, bool isError)
{
    private const int LongestLine = 64 * 1024;
    private const long MostBehind = 64L * 1024 * 1024;
    private const long KeptOfTooMuch = 16L * 1024 * 1024;
    private const int Block = 4096;

    /// <summary>What was read already.</summary>
    internal long Offset { get; set; }

    private long _givenBack;

    /// <summary>Lines that came since. <paramref name="ended"/>: a last one without an end counts.</summary>
    internal void ReadInto(List<LogEntry> entries, bool ended)
    {
        if (!File.Exists(path))
            return;
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        if (length < Offset)
            Offset = 0;
        if (length > Offset)
            ReadInto(file, length, entries, ended);
    }

    /// <summary>Gives the disk of what was read back. Called when the lines are kept: a crash before that has them read again.</summary>
    internal void GiveBack()
    {
        if (!File.Exists(path))
            return;
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (Offset != _givenBack)
            SparseFile.PunchHole(file, 0, Offset / Block * Block);
        _givenBack = Offset;
        // Taken beyond its end: given back by cutting it there.
        var length = RandomAccess.GetLength(file);
        if (FileStatus.Of(file).AllocatedBytes > MostBehind + length - Offset)
            RandomAccess.SetLength(file, RandomAccess.GetLength(file));
    }

    private void ReadInto(SafeFileHandle file, long length, List<LogEntry> entries, bool ended)
    {
        var at = new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero);
        SkipTooMuch(entries, at, length);
        foreach (var (start, end) in SparseFile.DataParts(file, Offset, length).ToList())
            ReadPart(file, Math.Max(start, Offset), end, end == length && ended, at, entries);
        // Disk that was taken and not written holds no lines, and is given back.
        if (Offset < length && IsUnwritten(file, length))
            Offset = length;
    }

    // A block of which a part is written reads as zeros after that.
    private bool IsUnwritten(SafeFileHandle file, long length)
    {
        var end = Math.Min(length, (Offset / Block + 1) * Block);
        Span<byte> rest = stackalloc byte[Block];
        rest = rest[..RandomAccess.Read(file, rest[..(int)(end - Offset)], Offset)];
        return !rest.ContainsAnyExcept((byte)0) && !SparseFile.DataParts(file, end, length).Any();
    }

    private void SkipTooMuch(List<LogEntry> entries, DateTimeOffset at, long length)
    {
        if (length - Offset <= MostBehind)
            return;
        var skipped = length - KeptOfTooMuch - Offset;
        Offset = length - KeptOfTooMuch;
        entries.Add(new LogEntry(at, isError, Offset, $"[{skipped} bytes were not kept: the service prints faster than they are read]"));
    }

    private void ReadPart(SafeFileHandle file, long start, long end, bool ended, DateTimeOffset at, List<LogEntry> entries)
    {
        Offset = Math.Max(Offset, start);
        var buffer = new byte[(int)Math.Min(end - Offset, 1024 * 1024)];
        while (Offset < end)
        {
            var count = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - Offset)), Offset);
            if (count == 0)
                return;
            var used = Cut(buffer.AsSpan(0, count), at, entries);
            var rest = count - used;
            if (rest > 0 && (rest >= LongestLine || (ended && Offset + rest == end)))
            {
                Add(buffer.AsSpan(used, rest), rest, at, entries);
                rest = 0;
            }

            // Part of a line: it is read again with what follows.
            if (rest > 0 && used == 0)
                return;
        }
    }

    private int Cut(ReadOnlySpan<byte> bytes, DateTimeOffset at, List<LogEntry> entries)
    {
        var used = 0;
        while (true)
        {
            var end = bytes[used..].IndexOf((byte)'\n');
            if (end < 0)
                return used;
            Add(bytes.Slice(used, end), end + 1, at, entries);
            used += end + 1;
        }
    }

    // A line that is too long becomes several.
    private void Add(ReadOnlySpan<byte> line, int length, DateTimeOffset at, List<LogEntry> entries)
    {
        var rest = line;
        while (rest.Length > LongestLine)
        {
            var piece = LongestLine;
            while (piece > LongestLine - 4 && (rest[piece] & 0xC0) == 0x80)
                piece--;
            AddPiece(rest[..piece], piece, at, entries);
            rest = rest[piece..];
        }

        AddPiece(rest, length - (line.Length - rest.Length), at, entries);
    }

    private void AddPiece(ReadOnlySpan<byte> piece, int length, DateTimeOffset at, List<LogEntry> entries)
    {
        Offset += length;
        var text = Encoding.UTF8.GetString(piece.TrimEnd((byte)'\r'));
        entries.Add(new LogEntry(at, isError, Offset, text.Replace('\r', ' ').Replace('\n', ' ')));
    }
}
