using System.Runtime.InteropServices;

namespace Tenantry.Cli.Quickstarting;

/// <summary>Asks a process to end, which .NET has no way of its own to do.</summary>
internal static partial class Signals
{
    private const int Term = 15;

    public static void Terminate(int pid) => _ = Kill(pid, Term);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
