using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>Calls into the C library: signatures only, and the few that need a handle made of their result.</summary>
internal static partial class Libc
{
    private const int ReadOnlyCloseOnExec = 0x80000;

    internal static SafeFileHandle OpenForReading(string path)
    {
        var descriptor = Open(path, ReadOnlyCloseOnExec, 0);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LinuxException.Last($"open {path}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    internal static partial int SetNs(SafeFileHandle descriptor, int kind);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    internal static unsafe partial nint SendMessage(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    internal static unsafe partial nint ReceiveMessage(SafeHandle socket, MessageHeader* message, int flags);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public Piece* Pieces;
        public nuint PieceCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct Piece
    {
        public void* Start;
        public nuint Length;
    }
}
