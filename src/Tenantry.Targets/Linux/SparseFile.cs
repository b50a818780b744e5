using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>Files with holes: parts that read as zeros and take no disk.</summary>
public static partial class SparseFile
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int KeepSizePunchHole = 3;

    /// <summary>Copies a file, holes as holes. Replaces <paramref name="to"/> whole.</summary>
    public static void Copy(string from, string to)
    {
        var temporary = $"{to}.{Guid.NewGuid():N}.new";
        using (var source = File.OpenHandle(from))
        using (var target = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
        {
            var length = RandomAccess.GetLength(source);
            RandomAccess.SetLength(target, length);
            var buffer = new byte[256 * 1024];
            foreach (var (start, end) in DataParts(source, 0, length))
            {
                for (var at = start; at < end;)
                {
                    var count = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                    if (count == 0)
                        break;
                    RandomAccess.Write(target, buffer.AsSpan(0, count), at);
                    at += count;
                }
            }
        }

        File.Move(temporary, to, overwrite: true);
    }

    /// <summary>Where there is data between two offsets.</summary>
    public static IEnumerable<(long Start, long End)> DataParts(SafeFileHandle file, long from, long to)
    {
        while (from < to)
        {
            var start = Seek(file, from, SeekData);
            if (start < 0 || start >= to)
                yield break;
            var end = Math.Min(Seek(file, start, SeekHole), to);
            if (end <= start)
                yield break;
            yield return (start, end);
            from = end;
        }
    }

    /// <summary>Bytes of a file that are data and not holes; 0 when there is no such file.</summary>
    public static long AllocatedBytes(string path)
    {
        if (!File.Exists(path))
            return 0;
        using var file = File.OpenHandle(path);
        return DataParts(file, 0, RandomAccess.GetLength(file)).Sum(part => part.End - part.Start);
    }

    /// <summary>Frees the disk under a part of a file. False where the file system cannot.</summary>
    public static bool PunchHole(SafeFileHandle file, long start, long length) => Allocate(file, KeepSizePunchHole, start, length) == 0;

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);
}
