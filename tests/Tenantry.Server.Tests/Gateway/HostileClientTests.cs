using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>
/// One tenant's clients and app do all that they can, and another tenant's requests are answered meanwhile. Who is hostile has threads of its own and
/// waits for nothing, so that only the gateway's own fairness is between it and the others.
/// </summary>
public sealed class HostileClientTests
{
    private const int Attackers = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("an endless answer", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 900000000000000\r\n\r\n")]
    [InlineData("an answer to the end of the connection", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("endless chunks", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("an endless body", "POST / HTTP/1.1\r\nHost: mallory.localhost\r\nContent-Length: 900000000000000\r\n\r\n", "")]
    [InlineData("a body of endless chunks", "POST / HTTP/1.1\r\nHost: mallory.localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "")]
    [InlineData("a tunnel", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n")]
    [InlineData("requests for nobody", "GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n", "")]
    [InlineData("requests without a pause", "GET /small HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "")]
    public async Task OthersAreAnsweredMeanwhile(string what, string request, string answer)
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("ok"));
        using var mallory = new Shouter(what, answer);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(
            ("bob.localhost", new("id-bob", "bob", "bob", Server.Gateway.RouteState.Open, new("127.0.0.1", app.Port))),
            ("mallory.localhost", new("id-mallory", "mallory", "mallory", Server.Gateway.RouteState.Open, new("127.0.0.1", mallory.Port))));
        mallory.Attack(gateway.Port, request, Attackers);
        await Waiting(() => mallory.Moved > 2_000_000);
        using var bob = gateway.Client("bob.localhost");

        for (var i = 0; i < 50; i++)
            (await bob.GetStringAsync("/").WaitAsync(Patience)).ShouldBe("ok", what);

        var before = mallory.Moved;
        await Waiting(() => mallory.Moved > before);
    }

    [Fact]
    public async Task AFloodOfResetStreamsEndsItsConnection()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("ok"));
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        await using var client = await RawHttp2.ConnectAsync(gateway.Port);
        var fields = RawHttp2.Fields((":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "alice.localhost"));

        var flood = client.FloodAsync(
            id => [.. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders | RawHttp2.EndStream, id, fields), .. RawHttp2.Frame(RawHttp2.Reset, 0, id, [0, 0, 0, 8])], most: 200_000);
        using var bob = gateway.Client();
        for (var i = 0; i < 20; i++)
            (await bob.GetStringAsync("/")).ShouldBe("ok");

        (await flood).ShouldBeTrue();
    }

    [Fact]
    public async Task AHeadOfEndlessContinuationsEndsItsConnection()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var client = await RawHttp2.ConnectAsync(gateway.Port);
        await client.SendAsync(RawHttp2.Headers, 0, 1, RawHttp2.Fields((":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "alice.localhost")));

        (await client.FloodAsync(_ => RawHttp2.Frame(RawHttp2.Continuation, 0, 1, RawHttp2.Fields(("x-more", new string('x', 120)))), most: 200_000)).ShouldBeTrue();
    }

    private static async Task Waiting(Func<bool> holds)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!holds())
            await Task.Delay(10, late.Token);
    }
}
