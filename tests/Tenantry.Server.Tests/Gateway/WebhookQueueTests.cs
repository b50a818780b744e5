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
