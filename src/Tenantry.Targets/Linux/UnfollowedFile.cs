using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>Files in a folder that somebody with fewer rights may change: what is at a name itself, never what a link there leads to.</summary>
public static partial class UnfollowedFile
{
    private const int CreateNew = 0x80000 | 0x80 | 0x40 | 0x2;
    private const int ItselfAlone = 0x80000 | 0x200000;

    // This one differs between x86-64 and arm64.
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>What is there, held but not opened; null: nothing.</summary>
    public static SafeFileHandle? Find(string path)
    {
        var descriptor = Libc.Open(path, ItselfAlone | NoFollow, 0);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() == Errno.NoEntry ? null : throw LinuxException.Last($"open {path}");
    }

    /// <summary>Makes an empty file where there is nothing, not even a link, and holds it.</summary>
    public static SafeFileHandle Create(string path, UnixFileMode mode)
    {
        var descriptor = Libc.Open(path, CreateNew | NoFollow, (uint)mode);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LinuxException.Last($"open {path}");
    }

    /// <summary>Gives what is held to a user and a group, with that mode.</summary>
    public static void Give(SafeFileHandle file, uint user, uint group, UnixFileMode mode)
    {
        var itself = $"/proc/self/fd/{file.DangerousGetHandle()}";
        if (ChangeOwner(itself, user, group) != 0 || ChangeMode(itself, (uint)mode) != 0)
            throw LinuxException.Last("give a file away");
        GC.KeepAlive(file);
    }

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeMode(string path, uint mode);
}
