using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>What the kernel knows of a file, a folder or a link.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Permissions">Its permission bits.</param>
/// <param name="User">Its owner.</param>
/// <param name="Group">Its group.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="ModifiedAt">When its content last changed.</param>
public sealed partial record FileStatus(FileKind Kind, UnixFileMode Permissions, uint User, uint Group, long Size, DateTimeOffset ModifiedAt)
{
    /// <summary>Its number on its file system.</summary>
    public ulong Inode { get; private init; }

    /// <summary>The file system's device, as the kernel hands it out.</summary>
    public ulong Device { get; private init; }

    /// <summary>Bytes of disk that it takes, also those taken ahead of what is written.</summary>
    public long AllocatedBytes { get; private init; }

    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    /// <summary>Asks for what an open descriptor is.</summary>
    public static unsafe FileStatus Of(SafeFileHandle file)
    {
        var buffer = stackalloc byte[256];
        if (Status(file, "", EmptyPath, BasicStats, buffer) != 0)
            throw LinuxException.Last("statx");
        return Read(buffer);
    }

    /// <summary>Asks for what is at a path, behind links, without opening it.</summary>
    public static unsafe FileStatus At(string path)
    {
        var buffer = stackalloc byte[256];
        return StatusAt(CurrentFolder, path, 0, BasicStats, buffer) == 0 ? Read(buffer) : throw LinuxException.Last($"statx {path}");
    }

    private static unsafe FileStatus Read(byte* buffer)
    {
        var mode = *(ushort*)(buffer + 28);
        var kind = (mode & 0xf000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Folder,
            0xa000 => FileKind.Link,
            _ => FileKind.Other,
        };
        var modified = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(*(long*)(buffer + 112), -62_135_596_800, 253_402_300_799));
        ulong major = *(uint*)(buffer + 136), minor = *(uint*)(buffer + 140);
        return new FileStatus(kind, (UnixFileMode)(mode & 0xfff), *(uint*)(buffer + 20), *(uint*)(buffer + 24), *(long*)(buffer + 40), modified)
        {
            Inode = *(ulong*)(buffer + 32),
            AllocatedBytes = *(long*)(buffer + 48) * 512,
            Device = (minor & 0xff) | (major << 8) | ((minor & ~0xffUL) << 12),
        };
    }

    /// <summary>Owner and group of what is at a path; of a link, its own.</summary>
    public static unsafe (uint User, uint Group) OwnerOf(string path)
    {
        var buffer = stackalloc byte[256];
        if (StatusAt(CurrentFolder, path, NoFollow, BasicStats, buffer) != 0)
            throw LinuxException.Last($"statx {path}");
        return (*(uint*)(buffer + 20), *(uint*)(buffer + 24));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatusAt(int folder, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(SafeFileHandle folder, string path, int flags, uint mask, byte* buffer);
}

/// <summary>Kinds of files.</summary>
public enum FileKind
{
    Regular,
    Folder,
    Link,

    /// <summary>A device, a socket, a pipe.</summary>
    Other,
}
