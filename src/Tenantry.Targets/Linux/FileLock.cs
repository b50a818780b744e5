using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>A lock on a file that holds between processes; the kernel drops it when its holder ends, however it ends.</summary>
public sealed partial class FileLock : IDisposable
{
    private const int Exclusive = 2;
    private const int NoWait = 4;
    private const int ReadWriteCreate = 0x80042;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);
    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock, waiting for whoever holds it. The file is made if need be and stays.</summary>
    public static async Task<FileLock> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            if (TryTake(path) is { } taken)
                return taken;
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    /// <summary>Takes the lock, or null when somebody holds it.</summary>
    public static FileLock? TryTake(string path)
    {
        var descriptor = Libc.Open(path, ReadWriteCreate, 0x180);
        if (descriptor < 0)
            throw LinuxException.Last($"open {path}");
        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Lock(file, Exclusive | NoWait) == 0)
            return new FileLock(file);
        var errno = Marshal.GetLastPInvokeError();
        file.Dispose();
        return errno is Errno.Again or Errno.Interrupted ? null : throw new LinuxException($"lock {path}", errno);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle descriptor, int operation);
}
