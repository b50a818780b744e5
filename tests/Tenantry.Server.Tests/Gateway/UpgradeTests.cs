namespace Tenantry.Server.Tests.Gateway;

public class UpgradeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AWebSocketWorksBothWays(bool http2)
    {
        await using var upstream = await EchoSocket.StartAsync();
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);

        await EchoSocket.TalkAsync(gateway, http2);
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
    public async Task TheClientHearsToWhichOfWhatItAskedForTheInstanceHasSwitched()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: Odd/2\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: odd/1, odd/2\r\n\r\n");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldContain("\r\nUpgrade: Odd/2\r\n");
    }

    [Theory]
    [InlineData("1.1", "")]
    [InlineData("1.1", "Upgrade: other\r\n")]
    [InlineData("1.1", "Upgrade: odd/1, other\r\n")]
    [InlineData("1.1", "Upgrade: odd/1\r\nUpgrade: other\r\n")]
    [InlineData("1.0", "Upgrade: odd/1\r\n")]
    public async Task ASwitchToWhatNobodyAskedForIsNoAnswer(string version, string said)
    {
        await using var upstream = RawUpstream.Answering($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n{said}\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync($"GET / HTTP/{version}\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: odd/1\r\n\r\n");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 502");
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

    [Theory]
    [InlineData("h2c")]
    [InlineData("HTTP/2.0")]
    [InlineData("websocket, h2c")]
    [InlineData("TLS/1.3")]
    public async Task ASwitchToAnotherHttpIsNotAskedForSinceHeadsInATunnelPassNobody(string protocol)
    {
        await using var upstream = RawUpstream.Hearing(out var head);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync($"GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 204");
        (await head).ShouldNotContain("Upgrade", Case.Insensitive);
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

    [Theory]
    [InlineData("websocket", "content-length", "4096")]
    [InlineData("h2c", "x-a", "b")]
    [InlineData("HTTP/2.0", "x-a", "b")]
    [InlineData("TLS/1.3", "x-a", "b")]
    public async Task ASwitchOverHttp2ThatWouldMakeTheInstanceWaitForABodyOrSpeakAnotherHttpIsRefused(string protocol, string name, string value)
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await RawHttp2.ConnectAsync(gateway.Port);

        await client.SendAsync(RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.Fields(
            (":method", "CONNECT"), (":protocol", protocol), (":scheme", "http"), (":path", "/nope"), (":authority", "alice.localhost"), (name, value)));

        (await client.AnswerFramesAsync())[0].ShouldStartWith("HEADERS");
        upstream.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task AConnectionOnWhichASwitchWasRefusedIsNotUsedAgain()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        for (var i = 1; i <= 2; i++)
        {
            await using var client = await gateway.ConnectAsync();
            await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 403");
            upstream.Connections.ShouldBe(i);
        }
    }
}
