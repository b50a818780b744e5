using System.Runtime.InteropServices;
using System.Text;

namespace Tenantry.Targets.Linux;

/// <summary>Interfaces of the calling thread's network namespace.</summary>
internal static partial class NetworkInterfaces
{
    private const int InterNetwork = 2;
    private const int Datagram = 2;
    private const int CloseOnExec = 0x80000;
    private const nuint GetFlags = 0x8913;
    private const nuint SetFlags = 0x8914;
    private const short Up = 1;

    internal static unsafe void BringUp(string name)
    {
        var descriptor = Libc.Socket(InterNetwork, Datagram | CloseOnExec, 0);
        if (descriptor < 0)
            throw LinuxException.Last("socket");
        using var socket = new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true);
        var request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        Encoding.ASCII.GetBytes(name, new Span<byte>(request, 15));
        if (Control(socket, GetFlags, request) != 0)
            throw LinuxException.Last($"read flags of {name}");
        *(short*)(request + 16) |= Up;
        if (Control(socket, SetFlags, request) != 0)
            throw LinuxException.Last($"bring up {name}");
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int Control(SafeHandle descriptor, nuint request, byte* argument);
}
