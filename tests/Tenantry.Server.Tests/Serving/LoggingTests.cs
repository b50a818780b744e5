using System.Text;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Serving;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Serving;

/// <summary>A log that is not read, or that somebody fills, and those who serve. Runs alone: standard error is everybody's.</summary>
[Collection(nameof(LoggingTests))]
[CollectionDefinition(nameof(LoggingTests), DisableParallelization = true)]
public class LoggingTests
{
    private const int Many = 10_000;
    private static readonly Route Mallory = new("id-mallory", "mallory", "mallory", RouteState.Open, null);
    private static readonly Route Alice = new("id-alice", "alice", "alice", RouteState.Open, null);

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
        var log = new KeptLog();
        using var failures = new ForwardingFailures(log, time);

        for (var i = 0; i < Many; i++)
            failures.Cut(new IOException("gone"), Mallory);
        failures.Cut(new IOException("gone"), Alice);

        log.Lines.Count(line => line.StartsWith("mallory", StringComparison.Ordinal)).ShouldBe(LogShare.MostEachSecond);
        log.Lines[^1].ShouldBe("alice did not end its answer: gone");
        time.Advance(TimeSpan.FromSeconds(1));
        var before = log.Lines.Count;
        failures.Cut(new IOException("again"), Mallory);
        failures.Cut(new IOException("again"), Mallory);
        log.Lines.Skip(before).ShouldBe(["mallory did not end its answer: again", "mallory did not end its answer: again"]);
    }

    [Fact]
    public void HowManyFailuresWereLeftOutOfTheLogIsSaidASecondLaterAlsoWhenNoneFollows()
    {
        const string OfMallory = "more failures of mallory were not logged: at most 10 are in a second";
        var time = new ManualTime();
        var log = new KeptLog();
        var failures = new ForwardingFailures(log, time);
        for (var i = 0; i < Many; i++)
            failures.Cut(new IOException("gone"), Mallory);
        failures.Cut(new IOException("gone"), Alice);
        var before = log.Lines.Count;

        time.Advance(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));

        log.Lines.Skip(before).ShouldBe([$"{Many - LogShare.MostEachSecond} {OfMallory}"]);

        // The gateway ends in the middle of a second.
        for (var i = 0; i <= LogShare.MostEachSecond; i++)
            failures.Cut(new IOException("gone"), Mallory);
        failures.Dispose();
        log.Lines[^1].ShouldBe($"1 {OfMallory}");
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
}
