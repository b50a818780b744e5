using System.Buffers.Text;
using System.Diagnostics;

namespace Tenantry.Bench;

/// <summary>
/// Small requests at a fixed rate, each at its own time, over connections taken in turns. A request's time counts from when it was due, so that one
/// that had to wait for the answer before it on its connection is not made to look quick. It shares its cores with what it measures, so it asks the
/// kernel for nothing but to send, to receive and to wait, and allocates nothing.
/// </summary>
internal sealed class SpreadLoad : IDisposable
{
    private static readonly byte[] Request = "GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n"u8.ToArray();
    private readonly Connection[] connections;
    private readonly ReadySockets ready;
    private readonly double[] times;
    private readonly double perSecond;
    private long answered;
    private long failed;

    private SpreadLoad(int port, int count, double perSecond, long all)
    {
        this.perSecond = perSecond;
        connections = [.. Enumerable.Range(0, count).Select(_ => new Connection(port))];
        ready = new ReadySockets([.. connections.Select(connection => connection.Socket)]);
        times = new double[all];
        Array.Fill(times, double.NaN);
    }

    /// <summary>What came of each half second but the first, in which connections are new.</summary>
    public static Task<Spread> RunAsync(int port, int connections, double perSecond, int seconds, CancellationToken cancellationToken) => Task.Factory.StartNew(
        () =>
        {
            using var load = new SpreadLoad(port, connections, perSecond, (long)(perSecond * seconds));
            ThisThread.RunOn(0);
            load.Run(seconds, cancellationToken);
            return new Spread([.. load.Windows()], load.times.Length - load.answered);
        },
        cancellationToken,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    public void Dispose()
    {
        ready.Dispose();
        Array.ForEach(connections, connection => connection.Dispose());
    }

    private void Run(int seconds, CancellationToken cancellationToken)
    {
        var step = Stopwatch.Frequency / perSecond;
        var began = Stopwatch.GetTimestamp();
        var sent = 0L;
        while (answered + failed < times.Length && Stopwatch.GetElapsedTime(began).TotalSeconds < seconds + 5)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var now = Stopwatch.GetTimestamp(); sent < times.Length && began + (long)(sent * step) <= now; sent++)
                connections[sent % connections.Length].Ask(sent, began + (long)(sent * step));
            var pause = sent < times.Length ? began + (long)(sent * step) - Stopwatch.GetTimestamp() : Stopwatch.Frequency / 100;
            foreach (var place in ready.Wait(TimeSpan.FromTicks(Math.Max(0, pause * TimeSpan.TicksPerSecond / Stopwatch.Frequency))))
                Take(connections[place.Number]);
        }
    }

    private IEnumerable<(double P50, double P99)> Windows()
    {
        var length = (int)(perSecond / 2);
        for (var from = length; from + length <= times.Length; from += length)
        {
            // What was never answered took longer than all others.
            var window = times[from..(from + length)].Select(time => double.IsNaN(time) ? double.PositiveInfinity : time).Order().ToList();
            yield return (window[length / 2], window[(int)(length * 0.99)]);
        }
    }

    private void Take(Connection connection)
    {
        if (connection.Read() is not { } answer)
            return;
        if (!answer.IsGood)
        {
            failed++;
            return;
        }

        times[answer.Number] = Stopwatch.GetElapsedTime(answer.Due).TotalMilliseconds;
        answered++;
    }

    /// <summary>One connection with at most one request under way.</summary>
    private sealed class Connection(int port) : IDisposable
    {
        private readonly Queue<(long Number, long Due)> asked = new(64);
        private readonly byte[] answer = new byte[8192];
        private int length;

        public PlainSocket Socket { get; } = new(port);

        public void Dispose() => Socket.Dispose();

        public void Ask(long number, long due)
        {
            asked.Enqueue((number, due));
            if (asked.Count == 1)
                Socket.Send(Request);
        }

        /// <summary>What came, or null while the answer is not whole.</summary>
        public (long Number, long Due, bool IsGood)? Read()
        {
            length += Socket.Receive(answer.AsSpan(length));
            var seen = answer.AsSpan(0, length);
            var head = seen.IndexOf("\r\n\r\n"u8);
            if (head < 0 || length < head + 4 + LengthOf(seen[..head]))
                return null;
            var isGood = seen.StartsWith("HTTP/1.1 200"u8);
            length = 0;
            var (number, due) = asked.Dequeue();
            if (asked.Count > 0)
                Socket.Send(Request);
            return (number, due, isGood);
        }

        private static int LengthOf(ReadOnlySpan<byte> head)
        {
            var name = "\r\nContent-Length: "u8;
            var place = head.IndexOf(name);
            return place >= 0 && Utf8Parser.TryParse(head[(place + name.Length)..], out int value, out _) ? value : throw new InvalidOperationException("An answer without a length.");
        }
    }
}

/// <summary>Times of half seconds, in milliseconds, and how many requests were not answered with 200.</summary>
internal sealed record Spread(IReadOnlyList<(double P50, double P99)> Windows, long Failed);
