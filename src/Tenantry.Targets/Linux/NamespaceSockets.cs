using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tenantry.Targets.Linux;

/// <summary>
/// Makes sockets inside other network namespaces. One thread of its own enters a namespace for as long as it takes to make a
/// socket: the socket belongs to that namespace for good, whichever thread uses it later. Needs CAP_SYS_ADMIN.
/// </summary>
public sealed class NamespaceSockets : IDisposable
{
    private const int NewNetwork = 0x40000000;
    private const int InterNetwork = 2;
    private const int InterNetworkV6 = 10;
    private const int Stream = 1;
    private const int CloseOnExec = 0x80000;

    // Waited for by a monitor: what waits for a BlockingCollection looks again and again first, after each request.
    private readonly Queue<Action> _requests = new();
    private readonly Thread _thread;
    private bool _isEnding;

    /// <summary>Starts the thread.</summary>
    public NamespaceSockets()
    {
        _thread = new Thread(Serve) { IsBackground = true, Name = "namespace-sockets" };
        _thread.Start();
    }

    /// <summary>
    /// An unconnected TCP socket of the namespace that the file <paramref name="namespacePath"/> is (a pinned namespace, or
    /// <c>/proc/PID/ns/net</c>). The caller owns the handle. Throws <see cref="LinuxException"/>.
    /// </summary>
    public Task<SafeSocketHandle> OpenTcpAsync(string namespacePath, AddressFamily family = AddressFamily.InterNetwork, CancellationToken cancellationToken = default) =>
        RunAsync(namespacePath, () => OpenTcp(family), cancellationToken);

    /// <summary>Runs <paramref name="work"/>, which must be short and must not wait, on a thread inside the namespace.</summary>
    public Task<T> RunAsync<T>(string namespacePath, Func<T> work, CancellationToken cancellationToken = default)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Add(() =>
        {
            if (cancellationToken.IsCancellationRequested)
            {
                done.TrySetCanceled(cancellationToken);
                return;
            }

            try
            {
                done.TrySetResult(Inside(namespacePath, work));
            }
            catch (Exception error)
            {
                done.TrySetException(error);
            }
        });
        return done.Task;
    }

    /// <summary>What was asked for before is still done.</summary>
    public void Dispose()
    {
        lock (_requests)
        {
            _isEnding = true;
            Monitor.Pulse(_requests);
        }

        _thread.Join();
    }

    private void Add(Action request)
    {
        lock (_requests)
        {
            ObjectDisposedException.ThrowIf(_isEnding, this);
            _requests.Enqueue(request);
            Monitor.Pulse(_requests);
        }
    }

    private static T Inside<T>(string namespacePath, Func<T> work)
    {
        using var there = Libc.OpenForReading(namespacePath);
        using var here = Libc.OpenForReading("/proc/thread-self/ns/net");
        if (Libc.SetNs(there, NewNetwork) != 0)
            throw LinuxException.Last($"enter {namespacePath}");
        try
        {
            return work();
        }
        finally
        {
            // A thread that cannot go back must not serve the next request from the wrong namespace.
            if (Libc.SetNs(here, NewNetwork) != 0)
                Environment.FailFast("The namespace thread could not return to its own network namespace.");
        }
    }

    /// <summary>An unconnected TCP socket of this process's own network, which takes no privilege. The caller owns the handle. Throws <see cref="LinuxException"/>.</summary>
    internal static SafeSocketHandle OpenTcpHere() => OpenTcp(AddressFamily.InterNetwork);

    private static SafeSocketHandle OpenTcp(AddressFamily family)
    {
        var domain = family switch
        {
            AddressFamily.InterNetwork => InterNetwork,
            AddressFamily.InterNetworkV6 => InterNetworkV6,
            _ => throw new ArgumentOutOfRangeException(nameof(family), family, "IPv4 or IPv6"),
        };
        var descriptor = Libc.Socket(domain, Stream | CloseOnExec, 0);
        return descriptor >= 0 ? new SafeSocketHandle(descriptor, ownsHandle: true) : throw new LinuxException("socket", Marshal.GetLastPInvokeError());
    }

    private void Serve()
    {
        while (Next() is { } request)
            request();
    }

    private Action? Next()
    {
        lock (_requests)
        {
            Action? request;
            while (!_requests.TryDequeue(out request) && !_isEnding)
                Monitor.Wait(_requests);
            return request;
        }
    }
}
