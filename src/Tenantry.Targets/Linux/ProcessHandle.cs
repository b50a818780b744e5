using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>A process held by a descriptor (pidfd): it cannot be mistaken for another that got its number later.</summary>
public sealed partial class ProcessHandle : IDisposable
{
    private const long PidfdSendSignal = 424;
    private const long PidfdOpen = 434;
    private const int ByPidfd = 3;
    private const int Exited = 4;
    private const int NoHang = 1;
    private const int ChildExited = 1;
    private const nuint GetInfo = 0xC040FF0B;
    private const ulong ExitInfo = 1 << 3;

    private ProcessHandle(SafeFileHandle descriptor, int pid)
    {
        Descriptor = descriptor;
        Pid = pid;
    }

    /// <summary>The process's number.</summary>
    public int Pid { get; }

    internal SafeFileHandle Descriptor { get; }

    /// <summary>Holds the process with that number, or null when there is none.</summary>
    public static ProcessHandle? Open(int pid)
    {
        var descriptor = SystemCall(PidfdOpen, pid, 0, 0, 0);
        if (descriptor >= 0)
            return new ProcessHandle(new SafeFileHandle((nint)descriptor, ownsHandle: true), pid);
        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.NoProcess or Errno.Invalid ? null : throw new LinuxException($"hold process {pid}", errno);
    }

    /// <summary>Holds exactly that process, or null when it ended and was waited for.</summary>
    public static ProcessHandle? Open(ProcessIdentity identity)
    {
        var handle = Open(identity.Pid);
        if (handle is not null && ProcessIdentity.Of(identity.Pid) == identity)
            return handle;
        handle?.Dispose();
        return null;
    }

    /// <summary>Sends a signal. False when the process ended.</summary>
    public bool Signal(int signal)
    {
        if (SystemCall(PidfdSendSignal, (int)Descriptor.DangerousGetHandle(), signal, 0, 0) == 0)
            return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno == Errno.NoProcess ? false : throw new LinuxException($"signal process {Pid}", errno);
    }

    /// <summary>
    /// How the ended process ended. Waits for it when it is a child of this process; otherwise asks the kernel, which knows since
    /// Linux 6.15; otherwise it is unknown.
    /// </summary>
    public unsafe ProcessExit ReadExit()
    {
        var info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        if (WaitId(ByPidfd, (uint)Descriptor.DangerousGetHandle(), info, Exited | NoHang, 0) == 0 && ((int*)info)[4] != 0)
        {
            var status = ((int*)info)[6];
            return ((int*)info)[2] == ChildExited ? new ProcessExit(status, null) : new ProcessExit(null, status);
        }

        new Span<byte>(info, 128).Clear();
        *(ulong*)info = ExitInfo;
        if (Control(Descriptor, GetInfo, info) == 0 && (*(ulong*)info & ExitInfo) != 0)
        {
            var status = *(int*)(info + 60);
            return (status & 0x7f) == 0 ? new ProcessExit((status >> 8) & 0xff, null) : new ProcessExit(null, status & 0x7f);
        }

        return ProcessExit.Unknown;
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long first, long second, long third, long fourth);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static unsafe partial int WaitId(int kind, uint id, byte* info, int options, nint usage);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int Control(SafeFileHandle descriptor, nuint request, byte* argument);
}

/// <summary>How a process ended: with a code, by a signal, or nobody knows.</summary>
public readonly record struct ProcessExit(int? Code, int? Signal)
{
    /// <summary>It ended, and nobody could be asked how.</summary>
    public static ProcessExit Unknown { get; }

    /// <inheritdoc/>
    public override string ToString() => this switch
    {
        { Code: { } code } => $"exit code {code}",
        { Signal: { } signal } => $"signal {SignalNames.Of(signal)}",
        _ => "an unknown exit code",
    };
}
