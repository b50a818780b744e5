using System.Text;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Serving;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Serving;

/// <summary>A log that is not read, or that somebody fills, and those who serve.</summary>
public class LoggingTests
{
    private const int Many = 10_000;

    [Theory]
    [InlineData(ServeLogFormat.Json)]
    [InlineData(ServeLogFormat.Text)]
    public async Task ALogThatNobodyReadsStopsNobodyWhoServesAndSaysHowMuchIsMissing(ServeLogFormat format)
    {
        using var unread = new UnreadWriter();
        var others = Console.Error;
        Console.SetError(unread);
        var loggers = ServeLogging.Create(LogLevel.Information, format);
        var log = loggers.CreateLogger("test");
        Console.SetError(others);

        await Task.Run(() =>
        {
            for (var i = 0; i < Many; i++)
                log.LogInformation("line {Number}", i);
        }).WaitAsync(TimeSpan.FromSeconds(60));

        unread.Read();
        await Waiting.ForAsync(() => unread.Text.Contains("line 2000", StringComparison.Ordinal));
        log.LogInformation("it is read again");
        loggers.Dispose();
        unread.Text.ShouldContain("line 0");
        unread.Text.ShouldNotContain($"line {Many - 1}");
        unread.Text.ShouldContain("dropped");
    }

    [Fact]
    public void AnInstanceThatFailsAtEveryRequestHasSomeLinesASecondAndItsNeighbourItsOwn()
    {
        var time = new ManualTime();
        var log = new Lines();
        var failures = new ForwardingFailures(log, time);
        var mallory = new Route("id-mallory", "mallory", "mallory", RouteState.Open, null);
        var alice = new Route("id-alice", "alice", "alice", RouteState.Open, null);

        for (var i = 0; i < Many; i++)
            failures.Cut(new IOException("gone"), mallory);
        failures.Cut(new IOException("gone"), alice);

        log.Said.Count(line => line.StartsWith("mallory", StringComparison.Ordinal)).ShouldBe(LogShare.MostEachSecond);
        log.Said[^1].ShouldBe("alice did not end its answer: gone");
        log.Said.Clear();
        time.Advance(TimeSpan.FromSeconds(1));
        failures.Cut(new IOException("again"), mallory);
        failures.Cut(new IOException("again"), mallory);
        log.Said.ShouldBe([$"{Many - LogShare.MostEachSecond} more failures of mallory were not logged: at most 10 are in a second", "mallory did not end its answer: again", "mallory did not end its answer: again"]);
    }

    /// <summary>Blocks whoever writes until it is read.</summary>
    private sealed class UnreadWriter : TextWriter
    {
        private readonly ManualResetEventSlim read = new();
        private readonly StringBuilder text = new();

        public override Encoding Encoding => Encoding.UTF8;

        public string Text
        {
            get
            {
                lock (text)
                    return text.ToString();
            }
        }

        public void Read() => read.Set();

        public override void Write(char value) => Write(value.ToString());

        public override void Write(string? value)
        {
            read.Wait();
            lock (text)
                text.Append(value);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                read.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class Lines : ILogger
    {
        public List<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Said.Add(formatter(state, exception));
    }
}
