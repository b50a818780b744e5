using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>Hands open descriptors to another process over a connected Unix stream socket (SCM_RIGHTS).</summary>
public static class DescriptorPassing
{
    /// <summary>At most this many descriptors travel with one message.</summary>
    public const int MostDescriptors = 16;

    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int CloseOnExec = 0x40000000;
    private const int ControlTruncated = 0x8;
    private const int HeaderSize = 16;
    private const int ControlSize = HeaderSize + (MostDescriptors * sizeof(int));
    private static readonly int PollMicroseconds = 50_000;

    /// <summary>
    /// Sends <paramref name="data"/> (at least one byte) whole, the descriptors with its first byte. The caller keeps its own
    /// handles and may close them as soon as this returns.
    /// </summary>
    public static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> data, IReadOnlyList<SafeHandle> handles, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(data.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(handles.Count, MostDescriptors);
        var sent = TrySend(socket, data.Span, handles);
        while (sent is null)
        {
            await Task.Run(() => socket.Poll(PollMicroseconds, SelectMode.SelectWrite), cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            sent = TrySend(socket, data.Span, handles);
        }

        for (var rest = data[sent.Value..]; !rest.IsEmpty;)
            rest = rest[await socket.SendAsync(rest, SocketFlags.None, cancellationToken)..];
    }

    /// <summary>
    /// Receives at most <paramref name="buffer"/>'s length of bytes, and the descriptors that came with them (close-on-exec; the
    /// caller owns them). 0 bytes: the other side closed.
    /// </summary>
    public static async Task<ReceivedMessage> ReceiveAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(buffer.Length);
        while (true)
        {
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);
            if (TryReceive(socket, buffer.Span) is { } message)
                return message;
        }
    }

    private static unsafe int? TrySend(Socket socket, ReadOnlySpan<byte> data, IReadOnlyList<SafeHandle> handles)
    {
        var control = stackalloc byte[ControlSize];
        var held = 0;
        try
        {
            for (; held < handles.Count; held++)
            {
                var added = false;
                handles[held].DangerousAddRef(ref added);
                ((int*)(control + HeaderSize))[held] = (int)handles[held].DangerousGetHandle();
            }

            var length = HeaderSize + (held * sizeof(int));
            *(nuint*)control = (nuint)length;
            ((int*)control)[2] = SocketLevel;
            ((int*)control)[3] = Rights;
            fixed (byte* start = data)
            {
                var piece = new Libc.Piece { Start = start, Length = (nuint)data.Length };
                var message = new Libc.MessageHeader { Pieces = &piece, PieceCount = 1 };
                if (held > 0)
                {
                    message.Control = control;
                    message.ControlLength = (nuint)Aligned(length);
                }

                var sent = Libc.SendMessage(socket.SafeHandle, &message, DontWait | NoSignal);
                if (sent >= 0)
                    return (int)sent;
            }

            var errno = Marshal.GetLastPInvokeError();
            return errno is Errno.Again or Errno.Interrupted ? null : throw new LinuxException("sendmsg", errno);
        }
        finally
        {
            while (held > 0)
                handles[--held].DangerousRelease();
        }
    }

    private static unsafe ReceivedMessage? TryReceive(Socket socket, Span<byte> buffer)
    {
        var control = stackalloc byte[ControlSize];
        fixed (byte* start = buffer)
        {
            var piece = new Libc.Piece { Start = start, Length = (nuint)buffer.Length };
            var message = new Libc.MessageHeader { Pieces = &piece, PieceCount = 1, Control = control, ControlLength = ControlSize };
            var received = Libc.ReceiveMessage(socket.SafeHandle, &message, DontWait | CloseOnExec);
            if (received < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                return errno is Errno.Again or Errno.Interrupted ? null : throw new LinuxException("recvmsg", errno);
            }

            var descriptors = Descriptors(new ReadOnlySpan<byte>(control, (int)message.ControlLength));
            if ((message.Flags & ControlTruncated) == 0)
                return new ReceivedMessage((int)received, descriptors);
            foreach (var descriptor in descriptors)
                descriptor.Dispose();
            throw new IOException($"More than {MostDescriptors} descriptors came with one message.");
        }
    }

    private static List<PassedDescriptor> Descriptors(ReadOnlySpan<byte> control)
    {
        var descriptors = new List<PassedDescriptor>();
        while (control.Length >= HeaderSize)
        {
            var length = (int)MemoryMarshal.Read<nuint>(control);
            if (length < HeaderSize || length > control.Length)
                break;
            var numbers = MemoryMarshal.Cast<byte, int>(control[8..length]);
            if (numbers[0] == SocketLevel && numbers[1] == Rights)
            {
                foreach (var number in numbers[2..])
                    descriptors.Add(new PassedDescriptor(number));
            }

            control = control[Math.Min(Aligned(length), control.Length)..];
        }

        return descriptors;
    }

    private static int Aligned(int length) => (length + 7) & ~7;
}

/// <summary>What came with one receive.</summary>
/// <param name="Count">Bytes received; 0 when the other side closed.</param>
/// <param name="Descriptors">Descriptors that came with them; the caller owns them.</param>
public sealed record ReceivedMessage(int Count, IReadOnlyList<PassedDescriptor> Descriptors);

/// <summary>A descriptor that came from another process and was not given a type yet. Closed when disposed, unless taken.</summary>
public sealed partial class PassedDescriptor : SafeHandle
{
    internal PassedDescriptor(int descriptor)
        : base(-1, ownsHandle: true) => SetHandle(descriptor);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>Hands the descriptor over as a socket; this handle then owns nothing.</summary>
    public SafeSocketHandle TakeSocket()
    {
        var socket = new SafeSocketHandle(handle, ownsHandle: true);
        SetHandleAsInvalid();
        return socket;
    }

    /// <summary>Hands the descriptor over as a file; this handle then owns nothing.</summary>
    public Microsoft.Win32.SafeHandles.SafeFileHandle TakeFile()
    {
        var file = new Microsoft.Win32.SafeHandles.SafeFileHandle(handle, ownsHandle: true);
        SetHandleAsInvalid();
        return file;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Close((int)handle) == 0;

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
