using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tenantry.Bench;

/// <summary>
/// A connection on which nothing stands between the caller and the kernel. .NET's own <see cref="Socket"/> asks first whether something is there, and waits
/// with poll, which costs more with each connection. Does not wait.
/// </summary>
internal sealed partial class PlainSocket : IDisposable
{
    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public PlainSocket(int port)
    {
        socket.Connect(IPAddress.Loopback, port);
        Descriptor = (int)socket.Handle;
    }

    public int Descriptor { get; }

    public void Dispose() => socket.Dispose();

    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (Send(Descriptor, bytes, (nuint)bytes.Length, 0) != bytes.Length)
            throw new InvalidOperationException($"A request could not be sent: error {Marshal.GetLastPInvokeError()}.");
    }

    public int Receive(Span<byte> buffer)
    {
        var count = (int)Receive(Descriptor, buffer, (nuint)buffer.Length, 0);
        return count > 0 ? count : throw new InvalidOperationException(count == 0 ? "A connection was closed under load." : $"A connection broke under load: error {Marshal.GetLastPInvokeError()}.");
    }

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int descriptor, ReadOnlySpan<byte> bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int descriptor, Span<byte> buffer, nuint count, int flags);
}

/// <summary>Tells which of some connections have something to read, at the same cost however many they are (epoll(7)).</summary>
internal sealed partial class ReadySockets : IDisposable
{
    private const int Readable = 1;
    private const int Add = 1;
    private const int SetTimerSlack = 29;
    private readonly int descriptor = Create(0);
    private readonly Ready[] ready = new Ready[64];

    public ReadySockets(IReadOnlyList<PlainSocket> sockets)
    {
        for (var i = 0; i < sockets.Count; i++)
        {
            var one = new Ready { Events = Readable, Number = i };
            if (Change(descriptor, Add, sockets[i].Descriptor, in one) != 0)
                throw new InvalidOperationException("epoll_ctl failed.");
        }

        // Otherwise the kernel may wake this thread 50 µs late.
        _ = Control(SetTimerSlack, 1, 0, 0, 0);
    }

    public void Dispose() => _ = Close(descriptor);

    public ReadOnlySpan<Ready> Wait(TimeSpan pause)
    {
        var time = new TimeSpec { Seconds = (nint)pause.TotalSeconds, Nanoseconds = (nint)(pause.Ticks % TimeSpan.TicksPerSecond * 100) };
        return ready.AsSpan(0, Math.Max(0, Wait(descriptor, ready, ready.Length, in time, 0)));
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    private static partial int Change(int descriptor, int operation, int socket, in Ready one);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2")]
    private static partial int Wait(int descriptor, [Out] Ready[] ready, int most, in TimeSpec timeout, nint mask);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint value, nuint third, nuint fourth, nuint fifth);

    // As the kernel has it on x86-64; elsewhere there is a gap before the number.
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    internal struct Ready
    {
        public int Events;
        public long Number;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
