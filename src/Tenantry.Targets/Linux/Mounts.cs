using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>Mounts, in the mount namespace of this process.</summary>
public static partial class Mounts
{
    private const int DetachNow = 2;
    private const int DoNotFollow = 8;

    /// <summary>Mounts a file system. <paramref name="data"/> is what the kernel takes as its options, such as <c>size=1m,mode=0700</c>.</summary>
    public static void Mount(string source, string place, string type, MountOptions options, string data = "")
    {
        if (Mount(source, place, type, (nuint)options, data) != 0)
            throw LinuxException.Last($"mount {type} on {place}");
    }

    /// <summary>Shows <paramref name="source"/>, a file or a folder, at <paramref name="place"/>, which exists and is of the same sort.</summary>
    public static void Bind(string source, string place)
    {
        if (Mount(source, place, null, (nuint)MountOptions.Bind, null) != 0)
            throw LinuxException.Last($"bind {source} on {place}");
    }

    /// <summary>As <see cref="Bind"/>, with all that is mounted below.</summary>
    public static void BindTree(string source, string place)
    {
        if (Mount(source, place, null, (nuint)(MountOptions.Bind | MountOptions.Recursive), null) != 0)
            throw LinuxException.Last($"bind {source} and all below on {place}");
    }

    /// <summary>Takes the topmost mount off <paramref name="place"/>, at once, whoever still uses it. False when there is none.</summary>
    public static bool Unmount(string place)
    {
        if (Unmount(place, DetachNow | DoNotFollow) == 0)
            return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.Invalid or Errno.NoEntry ? false : throw new LinuxException($"umount {place}", errno);
    }

    /// <summary>Takes the topmost mount off <paramref name="place"/>. False when there is none, or when somebody uses it.</summary>
    public static bool TryUnmount(string place)
    {
        if (Unmount(place, DoNotFollow) == 0)
            return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.Invalid or Errno.NoEntry or Errno.Busy ? false : throw new LinuxException($"umount {place}", errno);
    }

    /// <summary>Takes every mount off <paramref name="folder"/> and from below it, the deepest first.</summary>
    public static void UnmountTree(string folder)
    {
        foreach (var place in Under(folder).Reverse())
            Unmount(place);
    }

    /// <summary>Places of all mounts on or below <paramref name="folder"/>, in the order in which they were mounted.</summary>
    public static IReadOnlyList<string> Under(string folder)
    {
        var prefix = folder.TrimEnd('/') + "/";
        return [.. MountTable.Read().Select(mount => mount.Place).Where(place => place == folder || place.StartsWith(prefix, StringComparison.Ordinal))];
    }

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string place, string? type, nuint options, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string place, int options);
}

/// <summary>Options of a mount, as the kernel numbers them.</summary>
[Flags]
public enum MountOptions : uint
{
    None = 0,
    ReadOnly = 1,
    NoSetUid = 2,
    NoDevices = 4,
    NoExecute = 8,
    Remount = 32,
    Bind = 4096,
    Recursive = 16384,
    Private = 1 << 18,
}
