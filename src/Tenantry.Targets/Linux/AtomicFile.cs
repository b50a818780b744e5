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

    /// <summary>Writes the file, readable by its owner only. <paramref name="durable"/>: it outlives a loss of power.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, bool durable)
    {
        var temporary = $"{path}.{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly, BufferSize = 0 };
        using (var file = new FileStream(temporary, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: durable);
        }

        File.Move(temporary, path, overwrite: true);
        if (durable)
            SyncFolder(Path.GetDirectoryName(path)!);
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

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle descriptor);
}
