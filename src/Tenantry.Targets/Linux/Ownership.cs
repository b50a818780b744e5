using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>Who a file belongs to.</summary>
public static partial class Ownership
{
    /// <summary>Gives a file, folder or link (the link itself) to a user and a group.</summary>
    public static void Give(string path, uint user, uint group)
    {
        if (ChangeOwner(path, user, group) != 0)
            throw LinuxException.Last($"chown {path}");
    }

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
