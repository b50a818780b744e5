using System.Net;
using System.Net.WebSockets;
using System.Text;

namespace Tenantry.Server.Tests.Gateway;

public class UpgradeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static Task<AppUpstream> EchoAsync() => AppUpstream.StartAsync(async context =>
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
        var buffer = new byte[1 << 20];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (part.MessageType == WebSocketMessageType.Close)
                break;
            await socket.SendAsync(buffer.AsMemory(0, part.Count), part.MessageType, part.EndOfMessage, context.RequestAborted);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AWebSocketWorksBothWays(bool http2)
    {
        await using var upstream = await EchoAsync();
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var invoker = gateway.Client();
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("chat.v2");
        if (http2)
        {
            socket.Options.HttpVersion = HttpVersion.Version20;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new Uri($"ws://alice.localhost:{gateway.Port}/socket"), invoker, patience.Token);
        socket.SubProtocol.ShouldBe("chat.v2");
        var buffer = new byte[200_000];
        foreach (var message in new[] { "hello", new string('x', 150_000), "" })
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(length), patience.Token);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            Encoding.UTF8.GetString(buffer, 0, length).ShouldBe(message);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
        socket.CloseStatusDescription.ShouldBe("bye");
    }

    [Fact]
    public async Task AnyProtocolCanBeSwitchedTo()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            var head = await connection.ReadUntilAsync("\r\n\r\n");
            head.ShouldContain("\r\nConnection: Upgrade\r\n");
            head.ShouldContain("\r\nUpgrade: odd/1\r\n");
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd/1\r\n\r\nfirst");
            await connection.ReadUntilAsync("ping");
            await connection.SendAsync("pong");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: odd/1\r\n\r\n");
        var answer = await client.ReadUntilAsync("first");
        answer.ShouldStartWith("HTTP/1.1 101");
        answer.ShouldContain("\r\nUpgrade: odd/1\r\n");
        await client.SendAsync("ping");

        (await client.ReadToEndAsync()).ShouldBe("pong");
    }

    [Fact]
    public async Task AnInstanceThatDoesNotSwitchAnswersAsUsual()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");

        (await client.ReadUntilAsync("no")).ShouldStartWith("HTTP/1.1 426");
    }

    [Fact]
    public async Task AClientThatLeavesASwitchedConnectionEndsItForTheInstance()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\nhi");
            await connection.ReadToEndAsync();
            left.TrySetResult();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n");
        await client.ReadUntilAsync("hi");
        client.Socket.LingerState = new System.Net.Sockets.LingerOption(enable: true, seconds: 0);

        await client.DisposeAsync();

        await left.Task.WaitAsync(Patience);
    }
}
