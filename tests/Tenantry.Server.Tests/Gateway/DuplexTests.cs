using System.Net;
using System.Net.Sockets;
using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Server.Tests.Serving;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Answers and requests that do not wait for each other's end, and what comes before and after a body.</summary>
public class DuplexTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig", false)]
    [InlineData("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig", true)]
    public async Task AnAnswerThatComesWhileTheBodyIsSentReachesTheClient(string answer, bool closes)
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("first");
            await connection.SendAsync(answer);
            if (!closes)
                await connection.ReadToEndAsync();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 1000000000\r\n\r\nfirst");

        var all = await client.ReadUntilAsync("\r\n\r\nbig");
        all.ShouldStartWith("HTTP/1.1 413");
        all.ShouldContain("Connection: close");
    }

    [Fact]
    public async Task AClientThatGoesOnSendingStillGetsTheEarlyAnswer()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 4000000\r\n\r\n");
        var sending = client.SendAsync(new string('x', 4_000_000));

        (await client.ReadUntilAsync("\r\n\r\nbig")).ShouldStartWith("HTTP/1.1 413");
        // Whether all of it was taken is the gateway's affair: it may close when it has answered.
        await sending.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task AClientThatReadsOnlyWhenItHasSentAllGetsTheEarlyAnswer()
    {
        var sent = new TaskCompletionSource();
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            // Nothing of it is read: the gateway waits with a piece that the instance does not take.
            await Waiting.ForQuietAsync(() => connection.Socket.Available, least: 1);
            await connection.SendAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
            await sent.Task.WaitAsync(Patience);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        // More than the sockets on the way hold.
        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 40000000\r\n\r\n");
        await client.SendAsync(new string('x', 40_000_000)).WaitAsync(Patience);
        sent.SetResult();

        var answer = await client.ReadToEndAsync();
        answer.ShouldStartWith("HTTP/1.1 413");
        answer.ShouldEndWith("big");
    }

    [Fact]
    public async Task ConversationsGoBothWaysAtOnce()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (var i = 0; i < 3; i++)
            {
                await connection.ReadUntilAsync($"ask{i}");
                await connection.SendAsync($"4\r\nsay{i}\r\n");
            }

            await connection.ReadUntilAsync("0\r\n\r\n");
            await connection.SendAsync("0\r\n\r\n");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync($"4\r\nask{i}\r\n");
            await client.ReadUntilAsync($"say{i}");
        }

        await client.SendAsync("0\r\n\r\n");
        await client.ReadUntilAsync("0\r\n\r\n");
    }

    [Fact]
    public async Task TrailersOfARequestReachTheInstance()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            var all = await connection.ReadUntilAsync("X-Sum: 7\r\n\r\n");
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{(all.Contains("forged", StringComparison.Ordinal) ? "no" : "ok")}");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(
            "POST / HTTP/1.1\r\nHost: alice.localhost\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" +
            "2\r\nhi\r\n0\r\nX-Tenant-Name: forged\r\nContent-Length: 9\r\nX-Sum: 7\r\n\r\n");

        (await client.ReadUntilAsync("ok")).ShouldStartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task TrailersOfAnAnswerReachAClientThatSpeaksHttp1()
    {
        await using var upstream = RawUpstream.Answering(
            "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nX-Sum: 7\r\nContent-Length: 1\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
            (await client.ReadUntilAsync("2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n")).ShouldStartWith("HTTP/1.1 200");
        }

        upstream.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task InformationalAnswersArePassedOn()
    {
        await using var upstream = RawUpstream.Answering(
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: X-Mine\r\nX-Mine: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        var early = await client.ReadUntilAsync("\r\n\r\n");
        early.ShouldStartWith("HTTP/1.1 103 Early Hints\r\n");
        early.ShouldContain("Link: </a.css>; rel=preload");
        early.ShouldNotContain("X-Mine");
        (await client.ReadUntilAsync("ok")).ShouldStartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task ABodyIsSentAllTheSameWhenTheInstanceDoesNotKnowContinue()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("body");
            await connection.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
        });
        await using var gateway = await TestGateway.StartAsync(options: new() { ContinueTimeout = TimeSpan.FromMilliseconds(50) });
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("PUT / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 100");
        await client.SendAsync("body");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 204");
    }

    [Fact]
    public async Task RangesAreTheInstancesBusiness()
    {
        await using var upstream = RawUpstream.Answering(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-3/10\r\nAccept-Ranges: bytes\r\nContent-Length: 2\r\n\r\ncd");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nRange: bytes=2-3\r\n\r\n");

        (await client.ReadUntilAsync("\r\n\r\ncd")).ShouldContain("\r\nContent-Range: bytes 2-3/10\r\n");
    }

    [Fact]
    public async Task AClientThatReadsNothingStopsTheInstance()
    {
        var sent = 0L;
        var stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
            var piece = new byte[64 * 1024];
            connection.Socket.Blocking = false;
            for (var refusals = 0; sent < 256L << 20 && refusals < 20;)
            {
                var count = connection.Socket.Send(piece, SocketFlags.None, out var error);
                refusals = error == SocketError.WouldBlock ? refusals + 1 : 0;
                if (error == SocketError.WouldBlock)
                    await Task.Delay(50);
                sent += count;
            }

            stuck.SetResult();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        await stuck.Task.WaitAsync(Patience);
        sent.ShouldBeLessThan(64L << 20);
    }

    [Fact]
    public async Task AClientThatHasEndedItsSideOfASwitchedConnectionIsStillTold()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n");
            await connection.SendAsync("you said " + await connection.ReadToEndAsync());
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");

        await client.SendAsync("bye");
        client.Socket.Shutdown(SocketShutdown.Send);

        (await client.ReadToEndAsync()).ShouldBe("you said bye");
    }

    [Theory]
    [InlineData("127.0.0.0/8", true)]
    [InlineData("10.0.0.0/8", false)]
    public async Task AProxyThatIsTrustedIsBelieved(string network, bool isTrusted)
    {
        await using var upstream = RawUpstream.Hearing(out var seen);
        await using var gateway = await TestGateway.StartAsync(options: new() { TrustedProxies = [IPNetwork.Parse(network)] });
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(
            "GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n" +
            "Forwarded: for=203.0.113.7;proto=https\r\nX-Tenant-Name: forged\r\nX_Forwarded_For: forged\r\n\r\n");

        var head = await seen.WaitAsync(Patience);
        head.ShouldNotContain("forged");
        head.ShouldContain(isTrusted ? "\r\nX-Forwarded-For: 203.0.113.7, 127.0.0.1\r\n" : "\r\nX-Forwarded-For: 127.0.0.1\r\n");
        head.ShouldContain(isTrusted ? "\r\nX-Forwarded-Proto: https\r\n" : "\r\nX-Forwarded-Proto: http\r\n");
        head.ShouldContain(isTrusted ? "\r\nX-Forwarded-Host: shop.example\r\n" : "\r\nX-Forwarded-Host: alice.localhost\r\n");
        head.ShouldContain(isTrusted ? "\r\nForwarded: for=203.0.113.7;proto=https, for=127.0.0.1" : "\r\nForwarded: for=127.0.0.1");
    }

    [Fact]
    public async Task OverHttp2CookiesComeTogetherAndWhatEndsALineIsRefused()
    {
        await using var upstream = RawUpstream.Hearing(out var seen);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client(version: HttpVersion.Version20);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/x?y") { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Cookie", ["a=1", "b=2"]);

        using var answer = await client.SendAsync(request);

        answer.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var head = await seen.WaitAsync(Patience);
        head.ShouldStartWith("GET /x?y HTTP/1.1\r\n");
        head.ShouldContain("\r\nCookie: a=1; b=2\r\n");
        Encoding.Latin1.GetByteCount(head).ShouldBe(head.Length);
    }
}
