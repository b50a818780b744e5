using System.Threading.Channels;
using Tenantry.Server.Engine;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>What the engine knows of gateways that come and go, and what it asks them.</summary>
public sealed class GatewayHubTests
{
    private readonly ManualTime time = new();
    private readonly GatewayHub hub;

    public GatewayHubTests() => hub = new GatewayHub(time);

    [Fact]
    public async Task WhatAGatewayServedUntilItLeftCountsAfterItsSuccessorCame()
    {
        await using var before = new Attending(hub);
        time.Advance(TimeSpan.FromMinutes(10));
        await using var after = new Attending(hub);
        var came = time.GetUtcNow();
        await SayAsync(before, new("served", 0, 0, 0), new("under-way", 1, 0, 0), new("quiet", 0, 0, 700));
        time.Advance(TimeSpan.FromSeconds(1));
        var end = time.GetUtcNow();

        await before.DisposeAsync();
        await SayAsync(after);

        hub.TrafficOf("served")!.LastAt.ShouldBe(came);
        hub.TrafficOf("under-way").ShouldBe(new InstanceTraffic(0, 0, end));
        hub.TrafficOf("quiet")!.LastAt.ShouldBe(came);
    }

    [Fact]
    public async Task AGatewayIsAskedWhetherSomethingCameSinceTheInstanceWasFoundIdle()
    {
        await using var gateway = new Attending(hub);

        var closing = hub.CloseAsync("id", force: false, time.GetUtcNow().AddMinutes(-10), CancellationToken.None);

        var order = await gateway.Orders.ReadAsync().AsTask().SoonAsync();
        (order.Kind, order.QuietSeconds).ShouldBe((GateOrderKind.Close, 600));
        gateway.Reports.TryWrite(new GateReport([], new GateReply(order.Ticket, IsQuiet: false)));
        (await closing.AsTask().SoonAsync()).ShouldBeNull();
        (await gateway.Orders.ReadAsync().AsTask().SoonAsync()).Kind.ShouldBe(GateOrderKind.Open);
    }

    private async Task SayAsync(Attending gateway, params InstanceUse[] uses)
    {
        gateway.Reports.TryWrite(new GateReport(uses));
        gateway.Reports.TryWrite(new GateReport([new InstanceUse("last", 1, 0, 0)]));
        await Waiting.ForAsync(() => hub.TrafficOf("last")?.Requests == 1);
        gateway.Reports.TryWrite(new GateReport([new InstanceUse("last", 0, 0, 0)]));
        await Waiting.ForAsync(() => hub.TrafficOf("last")?.Requests == 0);
    }

    /// <summary>A gateway that says what a test has it say.</summary>
    private sealed class Attending : IAsyncDisposable
    {
        private readonly Channel<GateReport> reports = Channel.CreateUnbounded<GateReport>();
        private readonly Channel<GateOrder> orders = Channel.CreateUnbounded<GateOrder>();
        private readonly Task attending;

        public Attending(GatewayHub hub) => attending = AttendAsync(hub);

        public ChannelWriter<GateReport> Reports => reports.Writer;

        public ChannelReader<GateOrder> Orders => orders.Reader;

        public async ValueTask DisposeAsync()
        {
            reports.Writer.TryComplete();
            await attending.SoonAsync();
        }

        private async Task AttendAsync(GatewayHub hub)
        {
            await foreach (var order in hub.AttendAsync(reports.Reader, CancellationToken.None))
                orders.Writer.TryWrite(order);
        }
    }
}
