using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Server.Tests.Serving;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Answers that an instance should not give: they reach nobody, least of all another client.</summary>
public class AnswerTests
{
    [Theory]
    [InlineData("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok")]
    [InlineData("length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("a folded header", "HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("a space before a colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok")]
    [InlineData("a bare line feed", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok")]
    [InlineData("a control character", "HTTP/1.1 200 OK\r\nX-A: \u0001\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("a switch that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")]
    public async Task AnAnswerThatCouldBeReadInTwoWaysIsNone(string what, string answer)
    {
        await using var upstream = RawUpstream.Answering(answer);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        for (var i = 1; i <= 2; i++)
        {
            using var got = await client.GetAsync("/");
            got.StatusCode.ShouldBe(HttpStatusCode.BadGateway, what);
            upstream.Connections.ShouldBe(i);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")]
    public async Task ASecondAnswerThatNobodyAskedForReachesNobody(string answer)
    {
        await using var upstream = RawUpstream.Answering(answer);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        for (var i = 1; i <= 3; i++)
        {
            (await client.GetStringAsync("/")).ShouldNotContain("forged");
            upstream.Connections.ShouldBe(i);
        }
    }

    [Fact]
    public async Task AnAnswerWithoutABodyThatGoesOnAllTheSameEndsItsConnection()
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 205 Reset Content\r\n\r\nx");
            await connection.ReadToEndAsync();
            closed.TrySetResult();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        using var got = await client.GetAsync("/");

        got.StatusCode.ShouldBe(HttpStatusCode.ResetContent);
        (await got.Content.ReadAsStringAsync()).ShouldBeEmpty();
        await closed.Task.SoonAsync();
    }

    [Fact]
    public async Task ACookieInAnEarlyHintReachesNobody()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nSet-Cookie: a=b; Domain=localhost\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        var hints = await client.ReadUntilAsync("ok");
        hints.ShouldContain("Link: </a.css>");
        hints.ShouldNotContain("Set-Cookie");
    }

    [Fact]
    public async Task ConnectionsAreOfOneInstance()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        var endpoint = new Endpoint("127.0.0.1", upstream.Port);
        gateway.Lead(
            ("alice.localhost", new("a", "alice", "alice", Server.Gateway.RouteState.Open, endpoint)),
            ("bob.localhost", new("b", "bob", "bob", Server.Gateway.RouteState.Open, endpoint)));
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");

        await alice.GetStringAsync("/");
        await bob.GetStringAsync("/");
        await alice.GetStringAsync("/");

        upstream.Connections.ShouldBe(2);
    }
}
