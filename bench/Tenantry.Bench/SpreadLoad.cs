using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Tenantry.Bench;

/// <summary>
/// Small requests at a fixed rate, each at its own time, over connections taken in turns. A request's time counts from when it was due, so that one
/// that had to wait for the answer before it on its connection is not made to look quick.
/// </summary>
internal sealed partial class SpreadLoad : IDisposable
{
    private const short Readable = 1;
    private static readonly byte[] Request = "GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n"u8.ToArray();
    private readonly Connection[] connections;
    private readonly PollEntry[] entries;
    private readonly byte[] buffer = new byte[64 * 1024];
    private readonly List<double> times = [];
    private long failed;

    private SpreadLoad(int port, int count)
    {
        connections = [.. Enumerable.Range(0, count).Select(_ => new Connection(port))];
        entries = [.. connections.Select(connection => new PollEntry { Descriptor = (int)connection.Socket.Handle, Events = Readable })];
    }

    public static Task<Measured> RunAsync(int port, int connections, double perSecond, int seconds, CancellationToken cancellationToken) => Task.Factory.StartNew(
        () =>
        {
            using var load = new SpreadLoad(port, connections);
            return load.Run(perSecond, seconds, cancellationToken);
        },
        cancellationToken,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    public void Dispose() => Array.ForEach(connections, connection => connection.Socket.Dispose());

    private Measured Run(double perSecond, int seconds, CancellationToken cancellationToken)
    {
        var step = Stopwatch.Frequency / perSecond;
        var all = (long)(perSecond * seconds);
        var began = Stopwatch.GetTimestamp();
        var sent = 0L;
        // Otherwise the kernel may wake it 50 µs late.
        _ = Control(SetTimerSlack, 1, 0, 0, 0);
        while (times.Count + failed < all && Stopwatch.GetElapsedTime(began).TotalSeconds < seconds + 5)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var now = Stopwatch.GetTimestamp(); sent < all && began + (long)(sent * step) <= now; sent++)
                connections[sent % connections.Length].Ask(began + (long)(sent * step));
            var pause = sent < all ? began + (long)(sent * step) - Stopwatch.GetTimestamp() : Stopwatch.Frequency / 100;
            Wait(pause);
        }

        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        times.Sort();
        return new Measured(times.Count / took, At(0.5), At(0.99), all - times.Count);
    }

    private void Wait(long ticks)
    {
        var time = new TimeSpec { Nanoseconds = (nint)Math.Max(0, ticks * 1_000_000_000L / Stopwatch.Frequency) };
        if (Poll(entries, (nuint)entries.Length, in time, 0) <= 0)
            return;
        for (var i = 0; i < entries.Length; i++)
        {
            if (entries[i].Happened != 0)
                connections[i].Read(buffer, Answered);
        }
    }

    private void Answered(long due, bool isGood)
    {
        if (isGood)
            times.Add(Stopwatch.GetElapsedTime(due).TotalMilliseconds);
        else
            failed++;
    }

    private double At(double part) => times.Count == 0 ? double.NaN : times[(int)(times.Count * part)];

    private const int SetTimerSlack = 29;

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint value, nuint third, nuint fourth, nuint fifth);

    [LibraryImport("libc", EntryPoint = "ppoll")]
    private static partial int Poll([In, Out] PollEntry[] entries, nuint count, in TimeSpec timeout, nint mask);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    /// <summary>One connection with at most one request under way.</summary>
    private sealed class Connection
    {
        private readonly Queue<long> due = new();
        private readonly List<byte> answer = [];

        public Connection(int port)
        {
            Socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            Socket.Connect(IPAddress.Loopback, port);
        }

        public Socket Socket { get; }

        public void Ask(long at)
        {
            due.Enqueue(at);
            if (due.Count == 1)
                Socket.Send(Request);
        }

        public void Read(byte[] buffer, Action<long, bool> answered)
        {
            var count = Socket.Receive(buffer);
            if (count == 0)
                throw new InvalidOperationException("A connection was closed under load.");
            answer.AddRange(buffer.AsSpan(0, count));
            var span = CollectionsMarshal.AsSpan(answer);
            var head = span.IndexOf("\r\n\r\n"u8);
            if (head < 0 || span.Length < head + 4 + LengthOf(span[..head]))
                return;
            var isGood = span.StartsWith("HTTP/1.1 200"u8);
            answer.Clear();
            answered(due.Dequeue(), isGood);
            if (due.Count > 0)
                Socket.Send(Request);
        }

        private static int LengthOf(ReadOnlySpan<byte> head)
        {
            foreach (var line in Encoding.ASCII.GetString(head).Split("\r\n"))
            {
                if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                    return int.Parse(line.AsSpan(15));
            }

            throw new InvalidOperationException("An answer without a length: " + Encoding.ASCII.GetString(head));
        }
    }
}
