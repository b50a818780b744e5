using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>A system call that failed.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>Makes one.</summary>
    /// <param name="call">What was tried, such as <c>mount /x</c>.</param>
    /// <param name="errno">Its error number.</param>
    public LinuxException(string call, int errno)
        : base($"{call}: {Marshal.GetPInvokeErrorMessage(errno)}")
    {
        Call = call;
        Errno = errno;
    }

    /// <summary>What was tried.</summary>
    public string Call { get; }

    /// <summary>The error number.</summary>
    public int Errno { get; }

    /// <summary>The failure of the P/Invoke call that this thread just made.</summary>
    public static LinuxException Last(string call) => new(call, Marshal.GetLastPInvokeError());
}

/// <summary>Error numbers that the code asks about (the same on x86-64 and arm64).</summary>
public static class Errno
{
    public const int NoEntry = 2;
    public const int NoProcess = 3;
    public const int Interrupted = 4;
    public const int NoDevice = 6;
    public const int NoChild = 10;
    public const int Again = 11;
    public const int Access = 13;
    public const int Busy = 16;
    public const int Exists = 17;
    public const int NotDirectory = 20;
    public const int Invalid = 22;
    public const int NotTerminal = 25;
    public const int Loop = 40;
    public const int NotSupported = 95;
}
