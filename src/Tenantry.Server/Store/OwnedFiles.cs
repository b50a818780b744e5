using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Tenantry.Server.Store;

/// <summary>
/// The embedded database is opened by two processes: the engine, maybe as root, and the web side as an ordinary user. So its file
/// belongs to the owner of its folder whoever makes it; SQLite gives its side files the same owner and mode.
/// </summary>
internal static partial class OwnedFiles
{
    private const UnixFileMode FolderMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    private const UnixFileMode FileMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>Makes folder and file when they are missing.</summary>
    public static void Ensure(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, FolderMode);
        if (!File.Exists(path))
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = System.IO.FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite,
                UnixCreateMode = FileMode,
            });
        }
        if (Environment.IsPrivilegedProcess)
            GiveToOwnerOf(folder, path);
    }

    private static void GiveToOwnerOf(string folder, string path)
    {
        var (user, group) = Owner(folder);
        if (Owner(path) == (user, group))
            return;
        if (lchown(path, user, group) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"The owner of '{path}' cannot be set");
        // The umask may have taken the group's right to write.
        File.SetUnixFileMode(path, FileMode);
    }

    private static (uint User, uint Group) Owner(string path)
    {
        const int atCurrentFolder = -100;
        const int noFollow = 0x100;
        const uint userAndGroup = 0x8 | 0x10;
        // struct statx has the same layout on every architecture: user at 20, group at 24.
        Span<byte> buffer = stackalloc byte[256];
        if (statx(atCurrentFolder, path, noFollow, userAndGroup, buffer) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"The owner of '{path}' cannot be read");
        return (BinaryPrimitives.ReadUInt32LittleEndian(buffer[20..]), BinaryPrimitives.ReadUInt32LittleEndian(buffer[24..]));
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint owner, uint group);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, Span<byte> buffer);
}
