using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>Makes this process the parent of what its children leave behind, so that it can ask how those ended.</summary>
internal static partial class Subreaper
{
    private const int SetChildSubreaper = 36;

    internal static void Enable()
    {
        if (SetOption(SetChildSubreaper, 1, 0, 0, 0) != 0)
            throw LinuxException.Last("become a subreaper");
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int SetOption(int option, nuint first, nuint second, nuint third, nuint fourth);
}
