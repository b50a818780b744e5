using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>Files that are replaced whole: a reader sees the old text or the new one, never a part.</summary>
public static partial class AtomicFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>JSON as the files of this project hold it.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>
    /// Writes the file, readable by its owner only unless said. <paramref name="durable"/>: it outlives a loss of power. <paramref name="written"/> is called
    /// when the content is on disk and the file not yet in its place.
    /// </summary>
    public static void Write(string path, ReadOnlySpan<byte> content, bool durable, UnixFileMode mode = OwnerOnly, Action? written = null)
    {
        var temporary = $"{path}.{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.new";
        // What was left of an earlier try may have another mode.
        File.Delete(temporary);
        try
        {
            using (var file = New(temporary, mode, isAsync: false))
            {
                file.Write(content);
                file.Flush(flushToDisk: durable);
            }

            written?.Invoke();
            Place(temporary, path, durable);
        }
        catch
        {
            // A full disk is not made fuller.
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Removes what crashes left of files in that folder that were written more than <paramref name="age"/> ago and never came to their place.</summary>
    public static void Clean(string folder, TimeSpan age, TimeProvider time)
    {
        var newest = time.GetUtcNow().UtcDateTime - age;
        foreach (var left in new DirectoryInfo(folder).EnumerateFiles("*.new", SearchOption.AllDirectories).Where(file => file.LastWriteTimeUtc < newest))
            left.Delete();
    }

    /// <summary>Moves a file to another folder of the same file system by one rename that outlives a loss of power.</summary>
    public static void Move(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        SyncFolder(Path.GetDirectoryName(to)!);
        SyncFolder(Path.GetDirectoryName(from)!);
    }

    /// <summary>Writes the file with what <paramref name="write"/> puts into it; when that throws, what was there stays as it was.</summary>
    public static async Task WriteAsync(string path, Func<FileStream, Task> write, bool durable, UnixFileMode mode = OwnerOnly)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.new";
        try
        {
            await using (var file = New(temporary, mode, isAsync: true))
            {
                await write(file);
                file.Flush(flushToDisk: durable);
            }

            Place(temporary, path, durable);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Writes a record as JSON.</summary>
    public static void WriteJson<T>(string path, T value, bool durable) => Write(path, JsonSerializer.SerializeToUtf8Bytes(value, Json), durable);

    /// <summary>Reads a record, or null when there is no such file. A file that is no such record throws <see cref="JsonException"/>.</summary>
    public static T? ReadJson<T>(string path)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Json);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Makes renames and new names in a folder outlive a loss of power.</summary>
    public static void SyncFolder(string folder)
    {
        using var handle = Libc.OpenForReading(folder);
        if (Sync(handle) != 0)
            throw LinuxException.Last($"fsync {folder}");
    }

    private static FileStream New(string path, UnixFileMode mode, bool isAsync) => new(
        path,
        new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            UnixCreateMode = mode,
            BufferSize = isAsync ? 64 * 1024 : 0,
            Options = isAsync ? FileOptions.Asynchronous : FileOptions.None,
        });

    private static void Place(string temporary, string path, bool durable)
    {
        File.Move(temporary, path, overwrite: true);
        if (durable)
            SyncFolder(Path.GetDirectoryName(path)!);
    }

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle descriptor);
}
