using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>The process that runs this.</summary>
public static partial class ThisProcess
{
    /// <summary>
    /// What it makes has the mode that it names, but for others' right to write: a stricter umask, which a hardened shell or unit has, would close files and folders to the
    /// users whom they are for.
    /// </summary>
    public static void NameItsModes() => _ = SetMask(Convert.ToUInt32("022", 8));

    /// <summary>Ends it as <c>kill -9</c> does: nothing is flushed, nothing is given back. Does not return.</summary>
    public static void EndAtOnce()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
        // The signal is on its way; nothing may happen after it.
        Thread.Sleep(Timeout.Infinite);
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);
}
