using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Clients that ask for much and read nothing of it: they hold a place of their instance, and keep it awake.</summary>
public class UnreadAnswerTests
{
    private const string Ask = "GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n";
    private const string Switch = "GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n";
    private static readonly string Piece = new('x', 0x10000);
    private readonly ManualTime time = new();
    private long said;

    private static (string Host, Route Route) To(int port, RequestLimits limits) =>
        ("alice.localhost", new Route("alice", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", port)) { Limits = limits });

    private RawUpstream StartTalking(string head, string piece) => RawUpstream.Start(async (connection, number) =>
    {
        await connection.ReadUntilAsync("\r\n\r\n");
        await connection.SendAsync(number == 1 ? head : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        while (number == 1)
        {
            await connection.SendAsync(piece);
            Interlocked.Add(ref said, piece.Length);
        }
    });

    private async Task TalkAsync(HttpContext context)
    {
        var piece = new byte[0x10000];
        while (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync(piece);
            Interlocked.Add(ref said, piece.Length);
        }
    }

    // A kernel says with a delay of some 40 ms of real time what has come.
    private static Task AcknowledgedAsync() => Task.Delay(100);

    private Task UntilNothingMovesAsync() => Waiting.ForQuietAsync(() => Interlocked.Read(ref said), least: 1);

    [Theory]
    [InlineData(Ask, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", false, null, 61)]
    [InlineData(Ask, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", false, 10, 11)]
    [InlineData(Ask, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, null, 61)]
    [InlineData(Ask, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false, null, 61)]
    [InlineData(Switch, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n", false, null, 61)]
    [InlineData(Switch, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n", false, 10, 11)]
    public async Task AClientThatReadsNothingIsCutAndItsPlaceIsFree(string request, string head, bool isChunked, int? pause, int seconds)
    {
        await using var upstream = StartTalking(head, isChunked ? $"10000\r\n{Piece}\r\n" : Piece);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(To(upstream.Port, new() { Concurrency = 1, IdleTimeout = pause is { } most ? TimeSpan.FromSeconds(most) : null }));
        await using var deaf = await gateway.ConnectAsync();
        await deaf.SendAsync(request);
        await UntilNothingMovesAsync();
        using var other = gateway.Client();
        (await other.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);

        time.Advance(TimeSpan.FromSeconds(seconds));

        await AtRest.UntilAsync(async () => (await other.GetAsync("/")).IsSuccessStatusCode);
        (await deaf.ReadToEndAsync()).ShouldNotBeEmpty("what was sent before it was cut");
    }

    [Fact]
    public async Task AStreamThatIsNotReadIsResetAndNotItsConnection()
    {
        await using var upstream = StartTalking("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", Piece);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(To(upstream.Port, new() { Concurrency = 1 }));
        await using var deaf = await RawHttp2.ConnectAsync(gateway.Port);
        await deaf.AskAsync("/", "alice.localhost");
        await UntilNothingMovesAsync();

        time.Advance(TimeSpan.FromSeconds(61));

        (await deaf.AnswerFramesAsync())[^1].ShouldBe("frame 3");
        using var other = gateway.Client();
        await AtRest.UntilAsync(async () => (await other.GetAsync("/")).IsSuccessStatusCode);
    }

    // Its piece was not taken whole in a minute: whoever shared a slow link among many streams was cut on all of them.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AStreamWhoseConnectionIsSlowIsNotResetBeforeItStops(bool http2Behind)
    {
        await using var raw = StartTalking("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", Piece);
        await using var app = await AppUpstream.StartAsync(TalkAsync, HttpProtocols.Http2);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        var (host, route) = To(http2Behind ? app.Port : raw.Port, new() { Concurrency = 1 });
        gateway.Lead((host, route with { SpeaksHttp2 = http2Behind }));
        await using var slow = await RawHttp2.ConnectAsync(gateway.Port, receiveBuffer: 8 * 1024);
        await slow.AskAsync("/", "alice.localhost");
        await slow.MayComeAsync(0, 1_000_000_000);
        await slow.MayComeAsync(1, 1_000_000_000);
        await UntilNothingMovesAsync();
        using var other = gateway.Client();

        for (var i = 0; i < 20; i++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await slow.ReadSomeAsync(8 * 1024);
        }

        (await other.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, "the slow one still has its place");
        await AtRest.UntilAsync(async () =>
        {
            // What it took at last may have made room for one piece more, which has a minute of its own.
            time.Advance(TimeSpan.FromSeconds(61));
            return (await other.GetAsync("/", HttpCompletionOption.ResponseHeadersRead)).IsSuccessStatusCode;
        });
    }

    // What else its connection carries, and what its kernel says to pings, is no sign that it takes this.
    [Fact]
    public async Task AStreamThatIsNotReadIsResetAlthoughItsClientTakesOthersOfTheSameConnection()
    {
        await using var upstream = StartTalking("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", Piece);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(To(upstream.Port, new()));
        await using var deaf = await RawHttp2.ConnectAsync(gateway.Port);
        await deaf.AskAsync("/", "alice.localhost");
        await deaf.MayComeAsync(0, 1_000_000);
        await UntilNothingMovesAsync();
        await deaf.ReadBodyAsync(65_535);

        var ended = deaf.AnswerFramesAsync();
        for (var stream = 3; !ended.IsCompleted && stream < 50; stream += 2)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await deaf.AskAsync("/", "alice.localhost", stream);
            await AcknowledgedAsync();
        }

        (await ended.SoonAsync()).ShouldBe([$"frame {RawHttp2.Reset}"]);
    }

    [Fact]
    public async Task AnAppThatSpeaksHttp2IsNotKeptWaitingEither()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await AppUpstream.StartAsync(
            async context =>
            {
                using var left = context.RequestAborted.Register(ended.SetResult);
                await TalkAsync(context);
            },
            HttpProtocols.Http2);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        var (host, route) = To(app.Port, new());
        gateway.Lead((host, route with { SpeaksHttp2 = true }));
        await using var deaf = await gateway.ConnectAsync();
        await deaf.SendAsync(Ask);
        await UntilNothingMovesAsync();

        time.Advance(TimeSpan.FromSeconds(61));

        await ended.Task.SoonAsync();
    }

    [Theory]
    [InlineData(Ask, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", false)]
    [InlineData(Switch, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n", false)]
    [InlineData(Switch, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n", true)]
    public async Task OneThatReadsLessThanAPieceInAMinuteIsNotCutBeforeItStops(string request, string head, bool hasEndedItsSide)
    {
        await using var upstream = StartTalking(head, Piece);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(To(upstream.Port, new()));
        // A small buffer: its kernel tells of each piece that it reads.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8 * 1024 };
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Port);
        await using var slow = new RawConnection(new NetworkStream(socket, ownsSocket: true));
        await slow.SendAsync(request);
        await UntilNothingMovesAsync();
        if (hasEndedItsSide)
            socket.Shutdown(SocketShutdown.Send);
        var before = Interlocked.Read(ref said);

        for (var i = 0; i < 30; i++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await slow.ReadSomeAsync(8 * 1024);
        }

        Interlocked.Read(ref said).ShouldBe(before, "what it read was in the kernel already");
        time.Advance(TimeSpan.FromSeconds(60));
        await slow.ReadSomeAsync(8 * 1024);
        time.Advance(TimeSpan.FromSeconds(121));
        (await slow.ReadToEndAsync().SoonAsync()).ShouldNotBeEmpty("what was sent before it was cut");
    }

    [Fact]
    public async Task OneThatReadsSlowlyIsNotCut()
    {
        await using var upstream = StartTalking("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", Piece);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(To(upstream.Port, new()));
        await using var slow = await gateway.ConnectAsync();
        await slow.SendAsync(Ask);

        for (var i = 0; i < 3; i++)
        {
            await UntilNothingMovesAsync();
            time.Advance(TimeSpan.FromSeconds(40));
            var before = Interlocked.Read(ref said);
            while (Interlocked.Read(ref said) == before)
                await slow.ReadSomeAsync();
        }
    }

    [Fact]
    public async Task WhoTakesNothingIsCutByTheKernelWhereNothingElseWaitsForIt()
    {
        await using var gateway = await TestGateway.StartAsync();

        gateway.TimeToTake.ShouldBe(180_000);
    }
}
