using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway;
using Tenantry.Server.Tests.Store;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>WebSockets to apps that speak HTTP/2 without TLS.</summary>
public class H2cSocketTests
{
    private const string Ask =
        "GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static void Lead(TestGateway gateway, int port, RequestLimits? limits = null) => gateway.Lead(
        ("alice.localhost", new Route("id-alice", "alice", "alice-tenant", RouteState.Open, new Endpoint("127.0.0.1", port)) { SpeaksHttp2 = true, Limits = limits }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AWebSocketWorksBothWaysWhateverTheClientSpeaks(bool http2)
    {
        await using var app = await EchoSocket.StartAsync(HttpProtocols.Http2);
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port, new RequestLimits { TotalTimeout = TimeSpan.FromMinutes(1) });

        await EchoSocket.TalkAsync(gateway, http2);
    }

    [Fact]
    public async Task AnAppThatTakesNoWebSocketsOverHttp2IsExplained()
    {
        var explained = new TaskCompletionSource();
        await using var app = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("SM\r\n\r\n");
            await connection.SendAsync(Encoding.Latin1.GetString(RawHttp2.Frame(RawHttp2.Settings, 0, 0, [])));
            await explained.Task;
        });
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(Ask);

        var answer = await client.ReadUntilAsync("RFC 8441");
        explained.SetResult();
        answer.ShouldStartWith("HTTP/1.1 502");
        answer.ShouldContain("does not take WebSockets");
    }

    [Fact]
    public async Task AnAppThatRefusesAWebSocketAnswersAsUsual()
    {
        await using var app = await AppUpstream.StartAsync(
            async context =>
            {
                context.Response.StatusCode = context.Request.Method == "CONNECT" ? 403 : 500;
                await context.Response.WriteAsync("not you");
            },
            HttpProtocols.Http2);
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(Ask);

        (await client.ReadUntilAsync("not you")).ShouldStartWith("HTTP/1.1 403");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AClientThatLeavesIsToldToTheApp(bool http2)
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await AppUpstream.StartAsync(
            async context =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                try
                {
                    await socket.ReceiveAsync(new byte[10].AsMemory(), CancellationToken.None);
                }
                catch (WebSocketException)
                {
                    left.TrySetResult();
                }
            },
            HttpProtocols.Http2);
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        using var invoker = gateway.Client();
        using var socket = new ClientWebSocket();
        if (http2)
        {
            socket.Options.HttpVersion = HttpVersion.Version20;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        await socket.ConnectAsync(new Uri($"ws://alice.localhost:{gateway.Port}/"), invoker, CancellationToken.None);

        socket.Abort();

        await left.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task AQuietWebSocketIsCutAfterTheTiersIdleTime()
    {
        var time = new ManualTime();
        await using var app = await EchoSocket.StartAsync(HttpProtocols.Http2);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        Lead(gateway, app.Port, new RequestLimits { IdleTimeout = TimeSpan.FromSeconds(10) });
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(Ask);

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        time.Advance(TimeSpan.FromSeconds(9));
        client.Socket.Poll(0, SelectMode.SelectRead).ShouldBeFalse("its time is not over");
        time.Advance(TimeSpan.FromSeconds(1));
        await client.ReadToEndAsync();
    }
}
