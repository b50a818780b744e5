using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>
/// Walks a tree that somebody else may change at the same time, and never leaves it: each step goes from an open folder to a name in
/// it without following links.
/// </summary>
public static partial class SafeWalk
{
    private const int ReadOnly = 0;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int Deepest = 512;
    private const int PathOnly = 0x200000;

    // These two differ between x86-64 and arm64.
    private static readonly int FolderOnly = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>Everything below a folder, a folder before what is in it. An entry is valid until the next one is asked for.</summary>
    public static IEnumerable<WalkEntry> Below(string folder)
    {
        using var root = Open(folder, ReadOnly | FolderOnly | NoFollow | CloseOnExec) ?? throw LinuxException.Last($"open {folder}");
        foreach (var entry in Below(root, "", 0))
            yield return entry;
    }

    private static IEnumerable<WalkEntry> Below(SafeFileHandle folder, string path, int depth)
    {
        if (depth > Deepest)
            throw new IOException($"{path[..64]}… is more than {Deepest} folders deep.");
        var place = $"/proc/self/fd/{folder.DangerousGetHandle()}";
        foreach (var name in Directory.EnumerateFileSystemEntries(place).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal).ToList())
        {
            using var itself = Open($"{place}/{name}", PathOnly | NoFollow | CloseOnExec);
            if (itself is null)
                continue;
            var status = FileStatus.Of(itself);
            var below = path.Length == 0 ? name : $"{path}/{name}";
            if (status.Kind != FileKind.Folder)
            {
                yield return new WalkEntry(below, status, itself, $"{place}/{name}");
                continue;
            }

            using var inner = Open($"{place}/{name}", ReadOnly | FolderOnly | NoFollow | CloseOnExec);
            if (inner is null)
                continue;
            yield return new WalkEntry(below, FileStatus.Of(inner), inner, $"{place}/{name}");
            foreach (var entry in Below(inner, below, depth + 1))
                yield return entry;
        }
    }

    internal static SafeFileHandle? OpenRegular(string path)
    {
        var file = Open(path, ReadOnly | NoFollow | NonBlocking | CloseOnExec);
        if (file is null || FileStatus.Of(file).Kind == FileKind.Regular)
            return file;
        file.Dispose();
        return null;
    }

    internal static unsafe string ReadLink(SafeFileHandle link)
    {
        var buffer = stackalloc byte[4096];
        var length = ReadLinkAt(link, "", buffer, 4096);
        return length >= 0 ? Encoding.UTF8.GetString(buffer, (int)length) : throw LinuxException.Last("readlinkat");
    }

    private static SafeFileHandle? Open(string path, int flags)
    {
        var descriptor = Libc.Open(path, flags, 0);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : null;
    }

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint ReadLinkAt(SafeFileHandle folder, string path, byte* buffer, nuint size);
}

/// <summary>One entry of a walk.</summary>
/// <param name="Path">Relative to the folder that was walked.</param>
/// <param name="Status">What it is.</param>
public sealed record WalkEntry(string Path, FileStatus Status)
{
    private readonly SafeFileHandle? _handle;
    private readonly string _place = "";

    internal WalkEntry(string path, FileStatus status, SafeFileHandle handle, string place)
        : this(path, status)
    {
        _handle = handle;
        _place = place;
    }

    /// <summary>Opens a regular file, or null when it is none any more.</summary>
    public SafeFileHandle? OpenFile() => SafeWalk.OpenRegular(_place);

    /// <summary>Where a link points.</summary>
    public string LinkTarget() => SafeWalk.ReadLink(_handle!);
}
