using Tenantry.Model.Plans;
using Tenantry.Server.Reconciling;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>Waiting for an app to become healthy is no work: it takes nobody's turn, and a newer wish ends it.</summary>
public class WaitingTests
{
    private static readonly ResourceName Web = new("service", "web");

    [Fact]
    public void AnInstanceThatOnlyWaitsTakesNobodysTurn()
    {
        var queue = new WorkQueue(8);
        queue.Limit(new Dictionary<string, int>(StringComparer.Ordinal) { ["here"] = 2 });
        foreach (var id in new[] { "a", "b", "c", "d" })
            queue.Add(id, "here", again: false);
        queue.Next().ShouldBe("a");
        queue.Next().ShouldBe("b");
        queue.Next().ShouldBeNull();

        queue.Rest("a", rests: true);
        queue.Next().ShouldBe("c");
        queue.Next().ShouldBeNull();
        queue.Rest("a", rests: false);
        queue.Done("b");
        queue.Next().ShouldBeNull();
        queue.Done("a");
        queue.Next().ShouldBe("d");
    }

    [Fact]
    public void OneThatEndsWhileItWaitsGivesBackNothingTwice()
    {
        var queue = new WorkQueue(8);
        queue.Limit(new Dictionary<string, int>(StringComparer.Ordinal) { ["here"] = 1 });
        foreach (var id in new[] { "a", "b", "c" })
            queue.Add(id, "here", again: false);
        queue.Next().ShouldBe("a");
        queue.Rest("a", rests: true);
        queue.Done("a");
        queue.Next().ShouldBe("b");
        queue.Next().ShouldBeNull();
    }

    [Fact]
    public void ANewerWishEndsTheWaitAndNothingElse()
    {
        var told = new List<bool>();
        using var wait = new PassWait(told.Add);
        wait.Begin(3);

        wait.Follow(new StepEvent(Web, StepAction.Create, StepState.Started));
        wait.Tell(4);
        wait.Broken.IsCancellationRequested.ShouldBeFalse();
        wait.Follow(new StepEvent(Web, StepAction.Create, StepState.Done));
        wait.Follow(new StepEvent(Web, StepAction.Wait, StepState.Started));

        wait.Broken.IsCancellationRequested.ShouldBeTrue();
        told.ShouldBe([true]);
    }

    [Fact]
    public void TheSameWishEndsNoWait()
    {
        using var wait = new PassWait(null);
        wait.Begin(3);
        wait.Follow(new StepEvent(Web, StepAction.Wait, StepState.Started));

        wait.Tell(3);
        wait.Tell(2);

        wait.Broken.IsCancellationRequested.ShouldBeFalse();
    }
}
