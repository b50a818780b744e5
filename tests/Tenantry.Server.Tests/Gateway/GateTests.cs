using Microsoft.AspNetCore.Http;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Tests.Store;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

public sealed class GateTests
{
    [Fact]
    public void AWakeWhoseAnswerIsLateDoesNotOpenAGateThatWasClosedSince()
    {
        var gate = new InstanceGate("id", new ManualTime());
        var route = new Route("id", "alice", "alice", RouteState.Open, new("127.0.0.1", 1));
        gate.Close(force: false).ShouldBeTrue();

        gate.Awake(new("127.0.0.1", 1), asked: 0);

        gate.TryEnter(route).ShouldBeNull("it is being frozen just now");
        gate.Rest();
        gate.Awake(new("127.0.0.1", 1), asked: 0);
        gate.TryEnter(route).ShouldBeNull("it was frozen since the engine was asked");
        gate.Awake(new("127.0.0.1", 1), gate.Closings);
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

    [Fact]
    public async Task ARequestWhoseWakeIsToldAfterTheInstanceWasPutToRestAgainAsksAnew()
    {
        await using var before = await AppUpstream.StartAsync(context => context.Response.WriteAsync("what was there before"));
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("what is there"));
        await using var gateway = await TestGateway.StartAsync();
        var first = new TaskCompletionSource<WakeAnswer>();
        var asked = 0;
        gateway.Engine.Wake = (_, _) => Interlocked.Increment(ref asked) == 1 ? first.Task : Task.FromResult(AwakeAt(app.Port));
        LeadToRest(gateway);
        using var client = gateway.Client();
        var answer = client.GetStringAsync("/");
        await UntilAsync(() => Volatile.Read(ref asked) == 1);

        foreach (var order in (GateOrder[])[new(GateOrderKind.Close, "id-alice", 1, Force: true), new(GateOrderKind.Rested, "id-alice"), new(GateOrderKind.Close, "id-other", 2, Force: true)])
            gateway.Engine.Orders.Writer.TryWrite(order);
        await UntilAsync(async () => (await gateway.Engine.Reports.Reader.ReadAsync()).Reply?.Ticket == 2);
        first.SetResult(AwakeAt(before.Port));

        (await answer).ShouldBe("what is there");
        asked.ShouldBe(2);
    }
}
