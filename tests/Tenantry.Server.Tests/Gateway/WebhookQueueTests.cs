using Tenantry.Server.Gateway.Webhooks;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>When the webhooks of an instance are tried again.</summary>
public sealed class WebhookQueueTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Attempt Failure = new(AttemptEnd.NotNow, "no");
    private readonly WebhookQueue queue = new(before: null);

    [Fact]
    public void TheyPauseTheLongerTheMoreOftenUpToFiveMinutes()
    {
        List<double> pauses = [];
        for (var i = 0; i < 11; i++)
            pauses.Add((queue.Failed("one", Failure, Now, WayTo.Open, closed: 0).Until - Now).TotalSeconds);

        pauses.ShouldBe([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    [Theory]
    [InlineData(nameof(WayTo.Shut), nameof(WayTo.Shut), false)]
    [InlineData(nameof(WayTo.Shut), nameof(WayTo.Resting), true)]
    [InlineData(nameof(WayTo.Resting), nameof(WayTo.Open), true)]
    [InlineData(nameof(WayTo.Open), nameof(WayTo.Open), false)]
    [InlineData(nameof(WayTo.Open), nameof(WayTo.Shut), false)]
    public void AWayThatOpenedEndsThePause(string then, string now, bool mayTry)
    {
        queue.Failed("one", Failure, Now, Enum.Parse<WayTo>(then), closed: 0);

        queue.MayTry(Now, Enum.Parse<WayTo>(now), closed: 0).ShouldBe(mayTry);
    }

    [Fact]
    public void OneThatShutAndOpenedAgainHasEndedThePauseAndTheNextOneIsShort()
    {
        for (var i = 0; i < 9; i++)
            queue.Failed("one", Failure, Now, WayTo.Open, closed: 0);

        queue.MayTry(Now, WayTo.Shut, closed: 0).ShouldBeFalse();
        queue.MayTry(Now, WayTo.Open, closed: 0).ShouldBeTrue();
        queue.Failed("one", Failure, Now, WayTo.Open, closed: 0).Until.ShouldBe(Now.AddSeconds(1));
    }

    [Fact]
    public void ARestartThatWasQuickerThanALookIsSeenByItsGate()
    {
        queue.Failed("one", Failure, Now, WayTo.Open, closed: 4);

        queue.MayTry(Now, WayTo.Open, closed: 5).ShouldBeTrue();
    }

    [Fact]
    public void AClockThatIsSetBackMakesNoPauseLonger()
    {
        var then = Now.AddHours(-1);
        for (var i = 0; i < 3; i++)
            queue.Failed("one", Failure, Now, WayTo.Open, closed: 0);

        queue.MayTry(then, WayTo.Open, closed: 0).ShouldBeFalse();
        queue.Pause!.Until.ShouldBe(then.AddSeconds(4), "what is told of it is so, too");
        queue.MayTry(then.AddSeconds(3), WayTo.Open, closed: 0).ShouldBeFalse();
        queue.MayTry(then.AddSeconds(4), WayTo.Open, closed: 0).ShouldBeTrue();
    }

    [Fact]
    public void AfterOneThatWasTakenNothingPausesWhateverTheClockSays()
    {
        queue.Failed("one", Failure, Now, WayTo.Open, closed: 0);
        queue.Succeeded();

        queue.MayTry(Now.AddHours(-1), WayTo.Open, closed: 0).ShouldBeTrue();
    }

    [Theory]
    [InlineData(nameof(AttemptEnd.Delivered), nameof(AttemptEnd.Delivered))]
    [InlineData(nameof(AttemptEnd.Refused), nameof(AttemptEnd.Refused))]
    [InlineData(nameof(AttemptEnd.NotNow), nameof(AttemptEnd.Refused))]
    public void WhatCameOfOneStaysSoUntilItsFileIsGoneButNotForOneThatIsReplayed(string end, string settled)
    {
        queue.Settle("/pending/1-one.hook", new Attempt(Enum.Parse<AttemptEnd>(end), "why"));
        queue.Failed("one", Failure, Now, WayTo.Open, closed: 0);

        queue.Settled("/pending/1-one.hook").ShouldBe(new Attempt(Enum.Parse<AttemptEnd>(settled), "why"));
        queue.Settled("/pending/2-one.hook").ShouldBeNull();
        queue.Succeeded();
        queue.Settled("/pending/1-one.hook").ShouldBeNull();
    }

    [Fact]
    public void WhatIsLateWaitsLongerAndIsCountedForEachWebhookAlsoByTheNextGateway()
    {
        var late = new Attempt(AttemptEnd.Late, "late");
        queue.Failed("one", late, Now, WayTo.Open, closed: 0).Until.ShouldBe(Now.AddMinutes(1));
        var pause = queue.Failed("one", late, Now, WayTo.Open, closed: 0);
        pause.Until.ShouldBe(Now.AddMinutes(5));
        queue.LateWith("one").ShouldBe(3);
        queue.LateWith("two").ShouldBe(1);

        var next = new WebhookQueue(pause);
        next.MayTry(Now, WayTo.Shut, closed: 0).ShouldBeTrue();
        next.Failed("one", Failure, Now, WayTo.Open, closed: 0).Late.ShouldBe(2);
        next.LateWith("one").ShouldBe(3);
    }
}
