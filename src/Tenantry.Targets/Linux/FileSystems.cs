using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>What the file system at a path is, and how full.</summary>
public static partial class FileSystems
{
    /// <summary>Pinned namespaces.</summary>
    public const long Namespace = 0x6e736673;

    /// <summary>In memory.</summary>
    public const long Tmpfs = 0x01021994;

    /// <summary>Layers shown as one.</summary>
    public const long Overlay = 0x794c7630;

    /// <summary>The type of the file system that holds a path, as the kernel numbers it, or null when there is no such path.</summary>
    public static long? TypeOf(string path) => StatFs(path, out var system) == 0 ? system.Type : null;

    /// <summary>Bytes in use on the file system that holds a path, or null when there is no such path.</summary>
    public static long? UsedBytes(string path) => StatFs(path, out var system) == 0 ? (system.Blocks - system.Free) * system.BlockSize : null;

    /// <summary>What tells the file system that holds a path from others, or null when there is no such path.</summary>
    public static (long Type, ulong Id)? IdOf(string path) => StatFs(path, out var system) == 0 ? (system.Type, system.Id) : null;

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatFs(string path, out FileSystem system);

    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct FileSystem
    {
        public long Type;
        public long BlockSize;
        public long Blocks;
        public long Free;
        public long Available;
        public long Files;
        public long FreeFiles;
        public ulong Id;
    }
}
