using System.Net.WebSockets;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Engine;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>A WebSocket with a ping now and then, and an event stream, through a real gateway that tells a real engine's hub of it, by a clock that only the test moves.</summary>
public sealed class PingTests : IAsyncLifetime
{
    private const string Id = "id-alice";
    private static readonly SleepPolicy Hasty = new() { FreezeAfter = TimeSpan.FromSeconds(10), MinimumAwake = TimeSpan.Zero };
    private readonly ManualTime time = new();
    private readonly CancellationTokenSource stop = new();
    private readonly ClientWebSocket socket = new();
    private AppUpstream app = null!;
    private TestGateway gateway = null!;
    private HttpClient client = null!;
    private GatewayHub hub = null!;
    private DateTimeOffset start;
    private Task attending = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        app = await EchoSocket.StartAsync();
        gateway = await TestGateway.StartAsync(time: time);
        gateway.Lead(app.Port);
        hub = new GatewayHub(time);
        attending = Task.Run(async () =>
        {
            await foreach (var order in hub.AttendAsync(gateway.Engine.Reports.Reader, stop.Token))
                gateway.Engine.Orders.Writer.TryWrite(order);
        });
        start = time.GetUtcNow();
        client = gateway.Client();
        await socket.ConnectAsync(new Uri($"ws://alice.localhost:{gateway.Port}/socket"), client, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        socket.Dispose();
        client.Dispose();
        await stop.CancelAsync();
        await attending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await gateway.DisposeAsync();
        await app.DisposeAsync();
        stop.Dispose();
    }

    [Fact]
    public async Task PingsThatAreFurtherApartThanThePolicysTimesKeepTheInstanceAwakeAndSilenceDoesNot()
    {
        for (var ping = 0; ping < 6; ping++)
        {
            await PingAsync();
            var verdict = await AfterAsync(seconds: 100);
            (verdict.Depth, verdict.Reason).ShouldBe((null, "awake: 1 open stream, traffic 2 min ago"));
        }

        var idle = await AfterAsync(seconds: 51);
        idle.Depth.ShouldBe(DesiredState.Frozen);
        idle.IdleSince.ShouldBe(time.GetUtcNow().AddSeconds(-151));
        await PingAsync();
        (await hub.CloseAsync(Id, force: false, idle.IdleSince, CancellationToken.None)).ShouldBeNull("a ping came after the decision");

        await using (var permit = await hub.CloseAsync(Id, force: false, (await AfterAsync(seconds: 151)).IdleSince, CancellationToken.None))
            permit.ShouldNotBeNull("nothing came any more");
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gateway.Engine.Wake = (_, _) =>
        {
            woken.TrySetResult();
            return Task.FromResult(AtRest.AwakeAt(app.Port, InstancePhase.Frozen));
        };
        await PingAsync();
        await woken.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task AnEventStreamThatSaysNothingKeepsNobodyAwakeAndAnEventDoes()
    {
        var goOn = new SemaphoreSlim(0);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
            await goOn.WaitAsync();
            await connection.SendAsync("9\r\ndata: 1\n\n\r\n0\r\n\r\n");
        });
        gateway.Lead(upstream.Port);
        client.DefaultRequestHeaders.Add("Accept", "text/event-stream");
        using var events = await client.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);

        (await AfterAsync(seconds: 100)).Reason.ShouldBe("awake: 2 open streams, traffic 2 min ago");
        var idle = await AfterAsync(seconds: 51);
        idle.Depth.ShouldBe(DesiredState.Frozen);
        await using (var permit = await hub.CloseAsync(Id, force: false, idle.IdleSince, CancellationToken.None))
            permit.ShouldNotBeNull("no event came");
        goOn.Release();
        (await events.Content.ReadAsStringAsync()).ShouldBe("data: 1\n\n");

        (await AfterAsync(seconds: 6)).Reason.ShouldBe("awake: 1 open stream, traffic 6 s ago", "the WebSocket is there still");
    }

    private async Task PingAsync()
    {
        await socket.SendAsync("ping"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        (await socket.ReceiveAsync(new byte[16], CancellationToken.None)).Count.ShouldBe(4);
    }

    // What the sleeper would say once the gateway has told what it sees.
    private async Task<IdleVerdict> AfterAsync(int seconds)
    {
        // The gateway sets its timer for the next report after each; that one is to be made when the whole time is over.
        await time.WaitForTimerAsync(GateReport.Every);
        time.Leap(TimeSpan.FromSeconds(seconds));
        time.Advance(TimeSpan.Zero);
        await Waiting.ForAsync(() => hub.TrafficOf(Id) is not null);
        return IdleDecision.Of(new IdleFacts(
            time.GetUtcNow(), Hasty, new BusyDefinition(), InstanceHold.None, DesiredState.Running, CanFreeze: true, start, null, hub.TrafficOf(Id), UsageSeen.Nothing, BusyAnswer.Nobody));
    }
}
