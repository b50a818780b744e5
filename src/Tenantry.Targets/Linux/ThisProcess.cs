using System.Diagnostics;

namespace Tenantry.Targets.Linux;

/// <summary>The process that runs this.</summary>
public static class ThisProcess
{
    /// <summary>Ends it as <c>kill -9</c> does: nothing is flushed, nothing is given back. Does not return.</summary>
    public static void EndAtOnce()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
        // The signal is on its way; nothing may happen after it.
        Thread.Sleep(Timeout.Infinite);
    }
}
