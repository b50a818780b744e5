using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tenantry.Targets.Linux;

/// <summary>Tells at once when a held process ends: one thread waits for all of them.</summary>
public sealed partial class ExitWatch : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int Add = 1;
    private const int Remove = 2;
    private const uint Readable = 1;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int TokenOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int RecordSize = TokenOffset + sizeof(long);

    private readonly SafeFileHandle _poll;
    private readonly SafeFileHandle _wakeUp;
    private readonly ConcurrentDictionary<long, (ProcessHandle Process, TaskCompletionSource<ProcessExit> Done)> _waits = new();
    private readonly Thread _thread;
    private long _last;

    /// <summary>Starts the thread.</summary>
    public ExitWatch()
    {
        _poll = Owned(PollCreate(CloseOnExec), "epoll_create1");
        _wakeUp = Owned(EventCreate(0, CloseOnExec), "eventfd");
        Watch(_wakeUp, 0);
        _thread = new Thread(Serve) { IsBackground = true, Name = "exit-watch" };
        _thread.Start();
    }

    /// <summary>Ends when the process has ended. The handle must stay open until then; it stays the caller's.</summary>
    public async Task<ProcessExit> WaitAsync(ProcessHandle process, CancellationToken cancellationToken)
    {
        var token = Interlocked.Increment(ref _last);
        var done = new TaskCompletionSource<ProcessExit>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waits[token] = (process, done);
        Watch(process.Descriptor, token);
        try
        {
            return await done.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            if (_waits.TryRemove(token, out _))
                Forget(process.Descriptor);
        }
    }

    /// <summary>Stops watching; waits that have not ended are cancelled.</summary>
    public void Dispose()
    {
        if (_wakeUp.IsClosed)
            return;
        WriteEvent(_wakeUp, 1);
        _thread.Join();
        _poll.Dispose();
        _wakeUp.Dispose();
        foreach (var wait in _waits.Values)
            wait.Done.TrySetCanceled();
    }

    private unsafe void Serve()
    {
        const int Most = 64;
        var events = stackalloc byte[Most * 16];
        while (true)
        {
            var count = PollWait(_poll, events, Most, -1);
            for (var i = 0; i < count; i++)
            {
                var token = *(long*)(events + (i * RecordSize) + TokenOffset);
                if (token == 0)
                    return;
                if (!_waits.TryRemove(token, out var wait))
                    continue;
                try
                {
                    Forget(wait.Process.Descriptor);
                    wait.Done.TrySetResult(wait.Process.ReadExit());
                }
                catch (ObjectDisposedException)
                {
                    // Whoever waited gave up at this very moment and let go of the process.
                    wait.Done.TrySetCanceled();
                }
            }
        }
    }

    private unsafe void Watch(SafeFileHandle descriptor, long token)
    {
        var wanted = stackalloc byte[16];
        *(uint*)wanted = Readable;
        *(long*)(wanted + TokenOffset) = token;
        if (PollControl(_poll, Add, descriptor, wanted) != 0)
            throw LinuxException.Last("watch a descriptor");
    }

    private unsafe void Forget(SafeFileHandle descriptor)
    {
        try
        {
            if (!descriptor.IsClosed && !_poll.IsClosed)
                _ = PollControl(_poll, Remove, descriptor, null);
        }
        catch (ObjectDisposedException)
        {
            // Closed in between: the kernel forgets it by itself.
        }
    }

    private static SafeFileHandle Owned(int descriptor, string call) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LinuxException.Last(call);

    private static void WriteEvent(SafeFileHandle descriptor, ulong value) => _ = WriteEvent(descriptor, ref value, sizeof(ulong));

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int PollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventCreate(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static unsafe partial int PollControl(SafeFileHandle poll, int operation, SafeFileHandle descriptor, byte* wanted);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static unsafe partial int PollWait(SafeFileHandle poll, byte* events, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteEvent(SafeFileHandle descriptor, ref ulong value, nuint length);
}
