using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>The user that this process acts as.</summary>
public static partial class CurrentUser
{
    /// <summary>Effective user id.</summary>
    public static uint Id => geteuid();

    [LibraryImport("libc")]
    private static partial uint geteuid();
}
