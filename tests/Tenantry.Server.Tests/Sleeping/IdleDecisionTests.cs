using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Sleeping;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Every way to be awake or to rest; what is not said of an instance in a test is as for one that has been idle for an hour.</summary>
public class IdleDecisionTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private static readonly SleepPolicy Both = new() { FreezeAfter = TimeSpan.FromMinutes(10), After = TimeSpan.FromHours(2) };

    private static readonly SleepPolicy Short = new() { FreezeAfter = TimeSpan.FromSeconds(30) };

    private static readonly IdleFacts Idle = new(
        Now, Both, new BusyDefinition(), InstanceHold.None, DesiredState.Running, CanFreeze: true, AwakeSince: Now.AddHours(-1), RestsSince: null,
        new InstanceTraffic(0, 0, Now.AddHours(-1)), UsageSeen.Nothing, BusyAnswer.Nobody);

    public static TheoryData<string, IdleFacts, DesiredState?, string> Table => new()
    {
        { "idle longer than it takes to freeze", Idle, DesiredState.Frozen, "idle since 11:00:00 UTC" },
        { "a target that cannot freeze", Idle with { CanFreeze = false }, null, "idle for 60 min, sleeps in 60 min" },
        { "idle longer than it takes to sleep", Idle with { AwakeSince = Now.AddHours(-3), Traffic = new(0, 0, Now.AddHours(-3)) }, DesiredState.Asleep, "idle since 09:00:00 UTC" },
        { "not long enough", Idle with { Traffic = new(0, 0, Now.AddMinutes(-4)) }, null, "idle for 4 min, freezes in 6 min" },
        { "only sleep", Idle with { Policy = new() { After = TimeSpan.FromMinutes(10) } }, DesiredState.Asleep, "idle since 11:00:00 UTC" },
        { "never", Idle with { Policy = new() }, null, "awake: its sleep policy says never" },
        { "requests in flight", Idle with { Traffic = new(2, 0, Now.AddHours(-1)) }, null, "awake: 2 requests in flight" },
        { "one request", Idle with { Traffic = new(1, 0, Now) }, null, "awake: 1 request in flight" },
        { "a shell that a person left open", Idle with { Commands = new(1, Now.AddHours(-5)) }, null, "awake: 1 command runs in it" },
        { "two of them", Idle with { Commands = new(2, Now.AddHours(-5)) }, null, "awake: 2 commands run in it" },
        { "a command that ended", Idle with { Commands = new(0, Now.AddMinutes(-4)) }, null, "idle for 4 min, freezes in 6 min" },
        { "a WebSocket with a ping a minute", Idle with { Policy = new() { FreezeAfter = TimeSpan.FromSeconds(5), After = TimeSpan.FromSeconds(10) }, Traffic = new(0, 1, Now.AddSeconds(-59)) }, null, "awake: 1 open stream, traffic 59 s ago" },
        { "an open stream that says nothing", Idle with { Traffic = new(0, 3, Now.AddMinutes(-11)) }, DesiredState.Frozen, "idle since 11:49:00 UTC" },
        { "no gateway", Idle with { Traffic = null }, null, "awake: no gateway says what is under way" },
        { "not measured", Idle with { Usage = new(null, "", "crun is gone") }, null, "awake: what it uses is not known: crun is gone" },
        { "work without a request", Idle with { Usage = new(Now.AddSeconds(-30), "used 0.31 cores", null) }, null, "awake: used 0.31 cores 30 s ago" },
        { "work long ago", Idle with { Usage = new(Now.AddMinutes(-20), "used 0.31 cores", null) }, DesiredState.Frozen, "idle since 11:40:00 UTC" },
        { "an agent that may wait for an answer, whatever the policy", Idle with { Policy = Short, Usage = new(Now.AddSeconds(-40), "sent 200 kB a minute", null, CalledOutAt: Now.AddSeconds(-80)) }, null, "awake: called out 80 s ago, and may wait for the answer" },
        { "what it sent before the engine started may have been a call", Idle with { Policy = Short, Usage = new(null, "", null, CalledOutAt: Now.AddSeconds(-80), IsCallGuessed: true) }, null, "awake: what it sent before it was measured, 80 s ago, may have been a call that it waits for" },
        { "it is busy meanwhile by other signs", Idle with { Policy = Short, Usage = new(Now.AddSeconds(-20), "used 0.31 cores", null, CalledOutAt: Now.AddSeconds(-90)) }, null, "awake: used 0.31 cores 20 s ago" },
        { "an answer that did not come", Idle with { Policy = Short, Usage = new(Now.AddSeconds(-151), "sent 200 kB a minute", null, CalledOutAt: Now.AddSeconds(-151)) }, DesiredState.Frozen, "idle since 11:57:29 UTC" },
        { "CPU is not waited for", Idle with { Policy = Short, Usage = new(Now.AddSeconds(-40), "used 0.31 cores", null) }, DesiredState.Frozen, "idle since 11:59:20 UTC" },
        { "measured only for a while", Idle with { Usage = UsageSeen.Nothing with { Since = Now.AddMinutes(-2) } }, null, "idle for 2 min, freezes in 8 min" },
        { "just started", Idle with { AwakeSince = Now.AddSeconds(-20), Policy = Both with { FreezeAfter = TimeSpan.FromSeconds(10) } }, null, "awake: for at least 60 s after a start or wake, 20 s ago" },
        { "the app has to be asked", Idle with { Answer = BusyAnswer.NotAsked }, null, "idle for 60 min; the app is asked whether it is busy" },
        { "the app is busy", Idle with { Answer = BusyAnswer.Busy }, null, "awake: the app says that it is busy" },
        { "the app was busy a minute ago and is not now", Idle with { Answer = BusyAnswer.Idle, BusyAt = Now.AddMinutes(-1) }, null, "awake: the app says that it is busy, asked 60 s ago" },
        { "the app was busy long ago", Idle with { Answer = BusyAnswer.Idle, BusyAt = Now.AddMinutes(-11) }, DesiredState.Frozen, "idle since 11:49:00 UTC" },
        { "the app does not answer", Idle with { Answer = BusyAnswer.NoAnswer }, null, "awake: the app was asked whether it is busy and gave no clear answer in time" },
        { "the app is idle", Idle with { Answer = BusyAnswer.Idle }, DesiredState.Frozen, "idle since 11:00:00 UTC" },
        { "held", Idle with { Hold = InstanceHold.Awake }, null, "awake: held by a person" },
        { "in its hours", Idle with { Policy = Both with { Awake = [AwakeText.Parse("Sat 12:00-13:00")!] } }, null, "awake: Sat 12:00-13:00 UTC" },
        { "frozen, and it is time to sleep", Idle with { Present = DesiredState.Frozen, RestsSince = Now.AddHours(-2) }, DesiredState.Asleep, "idle since 10:00:00 UTC" },
        { "frozen, and it is not", Idle with { Present = DesiredState.Frozen, RestsSince = Now.AddHours(-1) }, null, "frozen, idle for 60 min, sleeps in 60 min" },
        { "frozen for good", Idle with { Present = DesiredState.Frozen, RestsSince = Now.AddHours(-1), Policy = Both with { After = null } }, null, "frozen, idle for 60 min" },
        { "frozen when its hours begin", Idle with { Present = DesiredState.Frozen, Policy = Both with { Awake = [AwakeText.Parse("Sat 12:00-13:00")!] } }, DesiredState.Running, "awake: Sat 12:00-13:00 UTC" },
        { "frozen in the middle of a command", Idle with { Present = DesiredState.Frozen, RestsSince = Now.AddHours(-1), Commands = new(1, Now.AddHours(-1)) }, DesiredState.Running, "awake: 1 command runs in it" },
        { "frozen by a person in the middle of a command", Idle with { Present = DesiredState.Frozen, Commands = new(1, Now.AddHours(-1)) }, null, "frozen, idle for a moment, sleeps in 2 h" },
        { "asleep", Idle with { Present = DesiredState.Asleep, RestsSince = Now.AddHours(-5) }, null, "asleep, idle for 5 h" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void TheDecisionAndItsReason(string why, IdleFacts facts, DesiredState? depth, string reason)
    {
        var verdict = IdleDecision.Of(facts);
        (verdict.Depth, verdict.Reason).ShouldBe((depth, reason), why);
    }

    [Fact]
    public void UseIsAveragedOverAMinuteAndTheLastWorkIsRemembered()
    {
        var window = new UsageWindow();
        window.Seen.Unknown.ShouldNotBeNull("nothing is known before the first measurement");
        void Measure(double seconds, double cpu, long sent) => window.Add(new InstanceUsage(Now.AddSeconds(seconds), cpu, sent), new BusyDefinition(), TimeSpan.FromMinutes(10));

        Measure(0, 10, 0);
        Measure(15, 10.1, 0);
        Measure(30, 10.2, 0);
        window.Seen.LastWorkAt.ShouldBeNull("0.007 cores are less than 0.02");
        Measure(45, 15.2, 0);
        window.Seen.ShouldBe(new UsageSeen(Now.AddSeconds(45), "used 0.12 cores", null, Now));
        for (var second = 60; second <= 240; second += 15)
            Measure(second, 15.3, 0);
        window.Seen.LastWorkAt!.Value.ShouldBeInRange(Now.AddSeconds(60), Now.AddSeconds(105), "then it leaves the minute");
    }

    [Fact]
    public void WhatCouldNotBeMeasuredForAWhileMayHaveBeenWork()
    {
        var window = new UsageWindow();
        void Measure(double seconds) => window.Add(new InstanceUsage(Now.AddSeconds(seconds), 10 + (seconds > 1000 ? 900 : 0), 0), new BusyDefinition(), TimeSpan.FromMinutes(10));

        Measure(0);
        Measure(15);
        window.Seen.ShouldBe(new UsageSeen(null, "", null, Now));
        window.Fail("crun is gone");
        window.Seen.Unknown.ShouldBe("crun is gone");
        Measure(900);
        window.Seen.ShouldBe(new UsageSeen(Now.AddSeconds(900), "what it used was not known until", null, Now.AddSeconds(900)));
        Measure(915);
        window.Seen.LastWorkAt.ShouldBe(Now.AddSeconds(900));
        // Nobody failed, and nobody looked: 900 seconds of CPU would vanish in the average of days.
        Measure(100_000);
        window.Seen.LastWorkAt.ShouldBe(Now.AddSeconds(100_000));
    }

    [Fact]
    public void WhatWasBeforeTheFirstMeasurementOfAStretchIsNotKnown()
    {
        var window = new UsageWindow();
        void Measure(double seconds) => window.Add(new InstanceUsage(Now.AddSeconds(seconds), 10 + seconds, 0), new BusyDefinition { Cpu = 2 }, TimeSpan.FromMinutes(10));

        Measure(0);
        Measure(15);
        window.Seen.ShouldBe(new UsageSeen(null, "", null, Now));
        window.Reset();
        Measure(3600);
        Measure(3615);
        window.Seen.ShouldBe(new UsageSeen(null, "", null, Now.AddSeconds(3600)), "it was unhealthy for an hour, say");
    }

    [Fact]
    public void WhatIsSentOutIsWorkAndSoIsACounterThatBeginsAnew()
    {
        var window = new UsageWindow();
        void Measure(double seconds, long? sent) => window.Add(new InstanceUsage(Now.AddSeconds(seconds), 1, sent), new BusyDefinition(), TimeSpan.FromMinutes(10));

        Measure(0, 0);
        Measure(60, 9_000);
        window.Seen.LastWorkAt.ShouldBeNull();
        Measure(120, 20_000);
        window.Seen.ShouldBe(new UsageSeen(Now.AddSeconds(120), "sent 11 kB a minute", null, Now, CalledOutAt: Now.AddSeconds(120)));
        Measure(600, 20_100);
        Measure(660, 50);
        window.Seen.LastWorkAt.ShouldBe(Now.AddSeconds(660));
        Measure(720, null);
        window.Seen.Unknown.ShouldNotBeNull();
    }

    [Fact]
    public void WhatWasSentBeforeTheFirstMeasurementIsACallOnlyByGuess()
    {
        var window = new UsageWindow();
        void Measure(double seconds, long sent) => window.Add(new InstanceUsage(Now.AddSeconds(seconds), 1, sent), new BusyDefinition(), TimeSpan.FromMinutes(10));

        Measure(0, 500_000);
        (window.Seen.CalledOutAt, window.Seen.IsCallGuessed).ShouldBe((Now, true));
        Measure(15, 700_000);
        (window.Seen.CalledOutAt, window.Seen.IsCallGuessed).ShouldBe((Now.AddSeconds(15), false));
        window.Fail("crun is gone");
        Measure(3600, 800_000);
        (window.Seen.CalledOutAt, window.Seen.IsCallGuessed).ShouldBe((Now.AddSeconds(3600), true));
    }

    // Every other measurement failed, until the clock was where it had been.
    [Fact]
    public void AClockThatIsPutBackFailsNoMeasurementAndLeavesNothingInTheFuture()
    {
        var window = new UsageWindow();
        void Measure(double seconds, long sent) => window.Add(new InstanceUsage(Now.AddSeconds(seconds), 1, sent), new BusyDefinition(), TimeSpan.FromMinutes(10));

        Measure(0, 0);
        Measure(60, 20_000);
        window.Seen.CalledOutAt.ShouldBe(Now.AddSeconds(60));
        window.Reset();
        for (var second = -3600; second <= -3450; second += 15)
            Measure(second, 20_000);

        window.Seen.ShouldBe(new UsageSeen(Now.AddHours(-1), "sent 20 kB a minute", null, Now.AddHours(-1), CalledOutAt: Now.AddHours(-1)));
    }

    [Fact]
    public void ACallIsRememberedFromWhenItWasSeenAndOnlyWhenItSentMoreInAMinuteThanCountsAsIdle()
    {
        var window = new UsageWindow();
        void Measure(double seconds, long sent) => window.Add(new InstanceUsage(Now.AddSeconds(seconds), 1, sent), new BusyDefinition(), TimeSpan.FromSeconds(4));

        Measure(0, 500);
        for (var second = 1; second <= 20; second++)
            Measure(second, 500 + (second * 300));
        window.Seen.Work.ShouldBe("sent 18 kB a minute", "it is at work, by what it sent in a few seconds");
        window.Seen.CalledOutAt.ShouldBeNull("6 kB were not more than 10 yet");
        Measure(21, 200_000);
        Measure(22, 200_300);
        Measure(60, 205_000);
        window.Seen.CalledOutAt.ShouldBe(Now.AddSeconds(21), "what came after it was little");
        Measure(70, 216_000);
        window.Seen.CalledOutAt.ShouldBe(Now.AddSeconds(70));

        window.Reset();
        Measure(300, 217_000);
        window.Seen.CalledOutAt.ShouldBe(Now.AddSeconds(70));
        window.Reset();
        Measure(900, 20_000);
        window.Seen.CalledOutAt.ShouldBe(Now.AddSeconds(900), "it was started anew, and sent that before anybody looked");
    }
}
