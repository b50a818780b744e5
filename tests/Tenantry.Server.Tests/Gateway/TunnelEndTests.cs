using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway;
using Tenantry.Server.Tests.Store;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Clients that switch to another protocol and leave: their instance has no part in when that is over.</summary>
public class TunnelEndTests
{
    private const string Ask =
        "GET /socket HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    private const string Switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AnInstanceThatGoesOnTalkingToAClientThatIsGoneIsCut()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(Switched);
            await connection.ReadToEndAsync();
            ended.SetResult();
            try
            {
                for (; ; await Task.Delay(10))
                    await connection.SendAsync("tick");
            }
            catch (IOException)
            {
                cut.SetResult();
            }
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        var client = await gateway.ConnectAsync();
        await client.SendAsync(Ask);
        await client.ReadUntilAsync("\r\n\r\n");

        // It ends its side, and is gone before what it is told comes.
        client.Socket.Shutdown(SocketShutdown.Send);
        await ended.Task.WaitAsync(Patience);
        await client.ReadUntilAsync("tick");
        cut.Task.IsCompleted.ShouldBeFalse("who has ended its side still hears");
        await client.DisposeAsync();

        await cut.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task AnInstanceThatSaysNothingToAClientThatHasEndedItsSideIsCutAfterTheFarewell()
    {
        var time = new ManualTime();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var over = new TaskCompletionSource();
        using var say = new SemaphoreSlim(0);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(Switched);
            await connection.ReadToEndAsync();
            ended.SetResult();
            for (var i = 0; i < 2; i++)
            {
                await say.WaitAsync(Patience);
                await connection.SendAsync("still here");
            }

            await over.Task;
        });
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync(Ask);
        await client.ReadUntilAsync("\r\n\r\n");
        time.Advance(TimeSpan.FromHours(1));
        client.Socket.Shutdown(SocketShutdown.Send);
        await ended.Task.WaitAsync(Patience);

        for (var i = 0; i < 2; i++)
        {
            time.Advance(TimeSpan.FromSeconds(59));
            say.Release();
            await client.ReadUntilAsync("still here");
        }

        time.Advance(TimeSpan.FromSeconds(61));

        (await client.ReadToEndAsync()).ShouldNotContain("still here");
        over.SetResult();
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task AClientThatIsGoneWhileTheAppTakesNothingOfItHoldsNoPlace(HttpProtocols spoken)
    {
        var done = new TaskCompletionSource();
        await using var app = await AppUpstream.StartAsync(
            async context =>
            {
                if (context.Request.Path == "/socket")
                {
                    using var socket = await context.WebSockets.AcceptWebSocketAsync();
                    await done.Task;
                }

                await context.Response.WriteAsync("ok");
            },
            spoken);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(("alice.localhost", new Route("alice", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", app.Port))
        {
            SpeaksHttp2 = spoken == HttpProtocols.Http2,
            Limits = new RequestLimits { Concurrency = 1 },
        }));
        var client = await gateway.ConnectAsync();
        await client.SendAsync(Ask);
        await client.ReadUntilAsync("\r\n\r\n");
        await UntilNothingIsTakenAsync(client.Socket);
        using var other = gateway.Client();
        (await other.GetAsync("/")).StatusCode.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);

        client.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        await client.DisposeAsync();

        await AtRest.UntilAsync(async () => (await other.GetAsync("/")).IsSuccessStatusCode);
        done.SetResult();
    }

    private static async Task UntilNothingIsTakenAsync(Socket socket)
    {
        var piece = new byte[64 * 1024];
        socket.Blocking = false;
        for (var refusals = 0; refusals < 10;)
        {
            socket.Send(piece, SocketFlags.None, out var error);
            refusals = error == SocketError.WouldBlock ? refusals + 1 : 0;
            if (error == SocketError.WouldBlock)
                await Task.Delay(50);
        }
    }
}
