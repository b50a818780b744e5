using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

public sealed class GateTests
{
    [Fact]
    public void AWakeWhoseAnswerIsLateDoesNotOpenAGateThatWasClosedSince()
    {
        var gate = new InstanceGate("id", new ManualTime());
        var route = new Route("id", "alice", "alice", RouteState.Open, new("127.0.0.1", 1));
        gate.Close(force: false).ShouldBeTrue();

        gate.Awake(new("127.0.0.1", 1));

        gate.TryEnter(route).ShouldBeNull("it is being frozen just now");
        gate.Rest();
        gate.Awake(new("127.0.0.1", 1));
        gate.TryEnter(route).ShouldNotBeNull();
    }

    [Fact]
    public void ARequestThatCameAndWentSinceTheEngineLookedKeepsTheGateOpen()
    {
        var time = new ManualTime();
        var gate = new InstanceGate("id", time);
        var route = new Route("id", "alice", "alice", RouteState.Open, new("127.0.0.1", 1));
        time.Advance(TimeSpan.FromMinutes(10));
        gate.TryEnter(route).ShouldNotBeNull();
        gate.Leave();
        time.Advance(TimeSpan.FromMilliseconds(200));

        gate.Close(force: false, quiet: TimeSpan.FromMinutes(10)).ShouldBeFalse("the engine knows of nothing in ten minutes");
        gate.TryEnter(route).ShouldNotBeNull();
        gate.Leave();
        gate.Close(force: false, quiet: TimeSpan.Zero).ShouldBeTrue("it knows of this one");
    }

    [Fact]
    public void ARequestOfAMonitorCountsWhileItIsUnderWayAndIsNoSignOfWorkOnceItIsOver()
    {
        var time = new ManualTime();
        var gate = new InstanceGate("id", time);
        var before = gate.MovedAt;
        time.Advance(TimeSpan.FromMinutes(10));
        gate.TryEnter(new Route("id", "alice", "alice", RouteState.Open, new("127.0.0.1", 1)), isWork: false).ShouldNotBeNull();

        gate.Close(force: false, quiet: TimeSpan.FromMinutes(10)).ShouldBeFalse("it is under way");
        gate.Leave(isWork: false);

        gate.MovedAt.ShouldBe(before);
        gate.Close(force: false, quiet: TimeSpan.FromMinutes(10)).ShouldBeTrue();
    }

    [Fact]
    public void AGateThatNobodyCameToIsAsQuietAsItsGateway()
    {
        var time = new ManualTime();
        var gates = new Gates(time);
        time.Advance(TimeSpan.FromMinutes(10));

        gates.Of("id").Close(force: false, quiet: TimeSpan.FromMinutes(10)).ShouldBeTrue();
    }

    [Theory]
    [InlineData(RouteState.Resting, true)]
    [InlineData(RouteState.Open, false)]
    public void AByteOnAStreamWakesWhatRestsAlsoWhenTheRoutesHaveSaidSoInTheMeantime(RouteState state, bool wakes)
    {
        var wanted = 0;
        var gate = new InstanceGate("id", new ManualTime()) { Wanted = _ => wanted++ };
        gate.TryEnter(new Route("id", "alice", "alice", RouteState.Open, new("127.0.0.1", 1))).ShouldNotBeNull();
        gate.BecomeStream();
        gate.Close(force: true).ShouldBeTrue();
        gate.Rest();
        gate.Follow(new Route("id", "alice", "alice", RouteState.Resting, null));
        gate.Follow(new Route("id", "alice", "alice", state, state == RouteState.Open ? new("127.0.0.1", 1) : null));

        gate.Moved();

        wanted.ShouldBe(wakes ? 1 : 0);
    }
}
