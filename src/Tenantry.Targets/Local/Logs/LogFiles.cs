using System.Globalization;
using System.Text;

namespace Tenantry.Targets.Local.Logs;

/// <summary>A service's log: one file that grows, and older ones, at most so many.</summary>
internal sealed class LogFiles(string path, long mostBytes, int mostFiles)
{
    private const int TailBytes = 64 * 1024;
    private const string HeaderMark = "# continues at ";

    /// <summary>Grows with each rotation, so that a reader knows that its file is an older one now.</summary>
    internal int Generation { get; private set; }

    internal string Current => path;

    /// <summary>Existing files, the oldest first.</summary>
    internal IReadOnlyList<string> All => [.. Enumerable.Range(1, mostFiles).Reverse().Select(Older).Append(path).Where(File.Exists)];

    internal void Append(IReadOnlyList<LogEntry> entries, long outputOffset, long errorOffset)
    {
        var text = new StringBuilder();
        foreach (var entry in entries)
            text.Append(entry);
        if (File.Exists(path) && new FileInfo(path).Length + text.Length > mostBytes)
            Rotate(outputOffset, errorOffset);
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        file.Write(Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>Where the raw outputs continue. A last line that was cut off is taken away first.</summary>
    internal (long Output, long Error) Recover()
    {
        if (!File.Exists(path))
            return (0, 0);
        CutTornLine();
        var (output, error) = OffsetsIn(Tail(path, TailBytes).Split('\n'));
        if (output is null || error is null)
            (output, error) = OffsetsIn(File.ReadLines(path));
        return (output ?? 0, error ?? 0);
    }

    internal static string Tail(string file, int bytes)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var skipped = Math.Max(stream.Length - bytes, 0);
        stream.Seek(skipped, SeekOrigin.Begin);
        using var reader = new StreamReader(stream);
        if (skipped > 0)
            reader.ReadLine();
        return reader.ReadToEnd();
    }

    private static (long? Output, long? Error) OffsetsIn(IEnumerable<string> lines)
    {
        long? output = null, error = null;
        foreach (var line in lines)
        {
            if (line.StartsWith(HeaderMark, StringComparison.Ordinal) && line[HeaderMark.Length..].Split(' ') is [var first, var second])
            {
                output = long.Parse(first, CultureInfo.InvariantCulture);
                error = long.Parse(second, CultureInfo.InvariantCulture);
            }
            else if (LogEntry.Parse(line) is { } entry)
            {
                if (entry.IsError)
                    error = entry.NextOffset;
                else
                    output = entry.NextOffset;
            }
        }

        return (output, error);
    }

    private void CutTornLine()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var length = file.Length;
        for (var at = length - 1; at >= 0; at--)
        {
            file.Seek(at, SeekOrigin.Begin);
            if (file.ReadByte() != '\n')
                continue;
            if (at + 1 < length)
                file.SetLength(at + 1);
            return;
        }

        file.SetLength(0);
    }

    private void Rotate(long outputOffset, long errorOffset)
    {
        // Made first: without it nothing of the old ones is moved.
        var next = $"{path}.next";
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{HeaderMark}{outputOffset} {errorOffset}\n"));
        File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        for (var number = mostFiles - 1; number >= 1; number--)
        {
            var file = number == 1 ? path : Older(number - 1);
            if (File.Exists(file))
                File.Move(file, Older(number), overwrite: true);
        }

        File.Move(next, path, overwrite: true);
        Generation++;
    }

    private string Older(int number) => string.Create(CultureInfo.InvariantCulture, $"{path}.{number}");
}
