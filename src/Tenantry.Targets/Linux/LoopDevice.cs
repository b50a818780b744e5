using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>Mounts the file system inside a file. The loop device goes by itself when it is unmounted, or when this process ends first.</summary>
public static partial class LoopDevice
{
    private const string ControlFile = "/dev/loop-control";
    private const int ReadWriteCloseOnExec = 0x80002;
    private const nuint GetFree = 0x4C82;
    private const nuint Configure = 0x4C0A;
    private const nuint SetCapacity = 0x4C07;
    private const nuint GetStatus = 0x4C05;
    private const int StatusSize = 232;
    private const int ConfigurationSize = 304;
    private const int FlagsOffset = 8 + 52;
    private const uint ClearByItself = 4;
    private const int MostTries = 100;

    /// <summary>True when loop devices can be made here.</summary>
    public static bool IsAvailable
    {
        get
        {
            var descriptor = Libc.Open(ControlFile, ReadWriteCloseOnExec, 0);
            if (descriptor < 0)
                return false;
            using var control = new SafeFileHandle(descriptor, ownsHandle: true);
            return true;
        }
    }

    /// <summary>
    /// Mounts the ext4 file system in <paramref name="image"/> at <paramref name="place"/>. Where it is still mounted in another mount
    /// namespace (a container that is being made has a copy of all mounts for a moment), it is that same one: a second device
    /// on the file would be a second, blind writer.
    /// </summary>
    public static void Mount(string image, string place, string data)
    {
        using var file = OpenReadWrite(image);
        var path = "";
        using var device = FindAttached(file, image, out path) ?? Attach(file, out path);
        Mounts.Mount(path, place, "ext4", MountOptions.NoSetUid | MountOptions.NoDevices, data);
    }

    /// <summary>Makes the device that is mounted at <paramref name="place"/> as large as its file has become. The file system's own size is another matter.</summary>
    public static string Grow(string place)
    {
        var device = MountTable.Read().LastOrDefault(mount => mount.Place == place)?.Source ?? throw new IOException($"Nothing is mounted on {place}.");
        using var handle = OpenReadWrite(device);
        if (Control(handle, SetCapacity, 0) < 0)
            throw LinuxException.Last($"grow {device}");
        return device;
    }

    private static SafeFileHandle? FindAttached(SafeFileHandle file, string image, out string path)
    {
        var name = Path.GetFileName(image);
        var wanted = FileStatus.Of(file);
        foreach (var block in Directory.EnumerateDirectories("/sys/block", "loop*"))
        {
            path = $"/dev/{Path.GetFileName(block)}";
            if (BackingFileOf(block) is not { } backing || !backing.Contains(name, StringComparison.Ordinal))
                continue;
            var descriptor = Libc.Open(path, ReadWriteCloseOnExec, 0);
            if (descriptor < 0)
                continue;
            var device = new SafeFileHandle(descriptor, ownsHandle: true);
            if (IsOn(device, wanted))
                return device;
            device.Dispose();
        }

        path = "";
        return null;
    }

    private static string? BackingFileOf(string block)
    {
        var file = Path.Combine(block, "loop", "backing_file");
        try
        {
            return File.Exists(file) ? File.ReadAllText(file) : null;
        }
        catch (IOException)
        {
            // It was let go meanwhile.
            return null;
        }
    }

    // Asked while the device is open: it does not go any more.
    private static unsafe bool IsOn(SafeFileHandle device, FileStatus file)
    {
        var status = stackalloc ulong[StatusSize / sizeof(ulong)];
        return Control(device, GetStatus, (nint)status) == 0 && status[0] == file.Device && status[1] == file.Inode;
    }

    private static unsafe SafeFileHandle Attach(SafeFileHandle file, out string path)
    {
        using var control = OpenReadWrite(ControlFile);
        var configuration = stackalloc byte[ConfigurationSize];
        for (var attempt = 1; ; attempt++)
        {
            var number = Control(control, GetFree, 0);
            if (number < 0)
                throw LinuxException.Last("find a free loop device");
            path = $"/dev/loop{number}";
            var device = OpenReadWrite(path);
            new Span<byte>(configuration, ConfigurationSize).Clear();
            *(uint*)configuration = (uint)file.DangerousGetHandle();
            *(uint*)(configuration + FlagsOffset) = ClearByItself;
            if (Control(device, Configure, (nint)configuration) == 0)
                return device;

            // Somebody else took it between the two calls.
            var errno = Marshal.GetLastPInvokeError();
            device.Dispose();
            if (errno != Errno.Busy || attempt == MostTries)
                throw new LinuxException($"set up {path}", errno);
        }
    }

    private static SafeFileHandle OpenReadWrite(string path)
    {
        var descriptor = Libc.Open(path, ReadWriteCloseOnExec, 0);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LinuxException.Last($"open {path}");
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle descriptor, nuint request, nint argument);
}
