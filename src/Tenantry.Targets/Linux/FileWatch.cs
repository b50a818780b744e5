using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>Tells when files are written to (inotify): one descriptor and one thread for all of them.</summary>
internal sealed partial class FileWatch : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const uint Modified = 2;
    private const int HeaderSize = 16;

    private readonly SafeFileHandle _notify;
    private readonly SafeFileHandle _stop;
    private readonly ConcurrentDictionary<int, Action> _watches = new();
    private readonly Thread _thread;

    internal FileWatch()
    {
        _notify = Owned(Create(CloseOnExec), "inotify_init1");
        _stop = Owned(CreateEvent(0, CloseOnExec), "eventfd");
        _thread = new Thread(Serve) { IsBackground = true, Name = "file-watch" };
        _thread.Start();
    }

    /// <summary>Calls <paramref name="changed"/>, which must be short, after each write to the file. Gives what <see cref="Remove"/> takes.</summary>
    internal int Add(string path, Action changed)
    {
        var watch = AddWatch(_notify, path, Modified);
        if (watch < 0)
            throw LinuxException.Last($"watch {path}");
        _watches[watch] = changed;
        return watch;
    }

    internal void Remove(int watch)
    {
        if (!_watches.TryRemove(watch, out _))
            return;
        try
        {
            _ = RemoveWatch(_notify, watch);
        }
        catch (ObjectDisposedException)
        {
            // Nothing is watched any more.
        }
    }

    public void Dispose()
    {
        if (_stop.IsClosed)
            return;
        var one = 1UL;
        _ = Write(_stop, ref one, sizeof(ulong));
        _thread.Join();
        _notify.Dispose();
        _stop.Dispose();
    }

    private unsafe void Serve()
    {
        const int Size = 16 * 1024;
        var buffer = stackalloc byte[Size];
        var wanted = stackalloc PollEntry[2];
        while (true)
        {
            wanted[0] = new PollEntry { Descriptor = (int)_notify.DangerousGetHandle(), Events = 1 };
            wanted[1] = new PollEntry { Descriptor = (int)_stop.DangerousGetHandle(), Events = 1 };
            if (Poll(wanted, 2, -1) < 0)
                continue;
            if (wanted[1].Seen != 0)
                return;
            var count = Read(_notify, buffer, Size);
            for (var at = 0; at + HeaderSize <= count; at += HeaderSize + *(int*)(buffer + at + 12))
            {
                if (_watches.TryGetValue(*(int*)(buffer + at), out var changed))
                    changed();
            }
        }
    }

    private static SafeFileHandle Owned(int descriptor, string call) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LinuxException.Last(call);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddWatch(SafeFileHandle notify, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    private static partial int RemoveWatch(SafeFileHandle notify, int watch);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int CreateEvent(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle descriptor, ref ulong value, nuint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint Read(SafeFileHandle descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static unsafe partial int Poll(PollEntry* entries, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Seen;
    }
}
