using System.Net;

namespace Tenantry.Server.Tests.Gateway;

public class HeaderTests
{
    private static async Task<string> HeadSeenByInstanceAsync(string request)
    {
        await using var upstream = RawUpstream.Hearing(out var seen);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync(request);
        await client.ReadUntilAsync("HTTP/1.1 204");
        return await seen;
    }

    private static async Task<string> HeadSeenByClientAsync(string answer)
    {
        await using var upstream = RawUpstream.Answering(answer);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");
        return await client.ReadUntilAsync("\r\n\r\n");
    }

    [Theory]
    [InlineData("a=1; __Host-tenantry=secret; b=2", "\r\nCookie: a=1; b=2\r\n")]
    [InlineData("__Host-tenantry=secret", null)]
    [InlineData("a=1; __Host-tenantry-oidc=secret", "\r\nCookie: a=1\r\n")]
    [InlineData("a=__Host-tenantry", "\r\nCookie: a=__Host-tenantry\r\n")]
    [InlineData("a=1;b=2", "\r\nCookie: a=1;b=2\r\n")]
    public async Task TheControlPlanesOwnCookieNeverReachesAnInstance(string sent, string? seen)
    {
        var head = await HeadSeenByInstanceAsync($"GET / HTTP/1.1\r\nHost: alice.localhost\r\nCookie: {sent}\r\n\r\n");

        head.ShouldNotContain("secret");
        if (seen is null)
            head.ShouldNotContain("Cookie", Case.Insensitive);
        else
            head.ShouldContain(seen);
    }

    [Fact]
    public async Task TheHostStaysAsItWasSent()
    {
        var head = await HeadSeenByInstanceAsync("GET / HTTP/1.1\r\nHost: Alice.localhost:8080\r\n\r\n");

        head.ShouldContain("\r\nHost: Alice.localhost:8080\r\n");
    }

    [Fact]
    public async Task TheTargetStaysAsItWasSentByteForByte()
    {
        var head = await HeadSeenByInstanceAsync("GET /a/../b//c%2Fd%2e/%7Euser?q=%20+&x=%C3%A4|y HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        head.ShouldStartWith("GET /a/../b//c%2Fd%2e/%7Euser?q=%20+&x=%C3%A4|y HTTP/1.1\r\n");
    }

    [Theory]
    [InlineData("alice.localhost", "alice.localhost")]
    [InlineData("alice.localhost:80", "alice.localhost")]
    [InlineData("alice.localhost", "alice.localhost:80")]
    public async Task OfAnAbsoluteTargetThePathIsForwarded(string target, string host)
    {
        var head = await HeadSeenByInstanceAsync($"GET http://{target}/x?y=1 HTTP/1.1\r\nHost: {host}\r\n\r\n");

        head.ShouldStartWith("GET /x?y=1 HTTP/1.1\r\n");
    }

    [Fact]
    public async Task TheInstanceIsToldWhoAskedAndWhoItIs()
    {
        var head = await HeadSeenByInstanceAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        head.ShouldContain("\r\nX-Forwarded-For: 127.0.0.1\r\n");
        head.ShouldContain("\r\nX-Forwarded-Proto: http\r\n");
        head.ShouldContain("\r\nX-Forwarded-Host: alice.localhost\r\n");
        head.ShouldContain("\r\nForwarded: for=127.0.0.1;host=\"alice.localhost\";proto=http\r\n");
        head.ShouldContain("\r\nX-Tenant-Name: alice-tenant\r\n");
        head.ShouldContain("\r\nX-Tenant-Instance: alice\r\n");
    }

    [Theory]
    [InlineData("X-Forwarded-For")]
    [InlineData("X-Forwarded-Proto")]
    [InlineData("X-Forwarded-Host")]
    [InlineData("X-Forwarded-Port")]
    [InlineData("X-Forwarded-User")]
    [InlineData("Forwarded")]
    [InlineData("X-Real-IP")]
    [InlineData("X-Tenant-Name")]
    [InlineData("X-Tenant-Instance")]
    [InlineData("X-Tenant-Anything")]
    [InlineData("x-tenant-name")]
    [InlineData("X_Tenant_Name")]
    [InlineData("X-Tenant_Name")]
    [InlineData("X_Forwarded_For")]
    public async Task WhatOnlyAGatewayMaySayIsNotTakenFromOutside(string name)
    {
        var head = await HeadSeenByInstanceAsync($"GET / HTTP/1.1\r\nHost: alice.localhost\r\n{name}: forged\r\n\r\n");

        head.ShouldNotContain("forged");
    }

    [Theory]
    [InlineData("X-Mine")]
    [InlineData("X-Other, x-mine")]
    [InlineData("Host, X-Mine")]
    public async Task HeadersOfOneConnectionAreNotForwarded(string listed)
    {
        var head = await HeadSeenByInstanceAsync(
            $"GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: {listed}\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n" +
            "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nTE: gzip\r\nX-Yours: 2\r\n\r\n");

        head.ShouldContain("X-Yours: 2");
        head.ShouldContain("\r\nHost: alice.localhost\r\n");
        foreach (var gone in new[] { "X-Mine", "Keep-Alive", "Proxy-", "gzip", "Connection" })
            head.ShouldNotContain(gone, Case.Insensitive);
    }

    [Fact]
    public async Task ThatTrailersAreWelcomeIsToldOn()
    {
        var head = await HeadSeenByInstanceAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nTE: trailers\r\nConnection: TE\r\n\r\n");

        head.ShouldContain("\r\nTE: trailers\r\n");
    }

    [Fact]
    public async Task OrdinaryHeadersArriveAsTheyWereSent()
    {
        var head = await HeadSeenByInstanceAsync(
            "GET / HTTP/1.1\r\nHost: alice.localhost\r\nCookie: a=1; b=2\r\nAuthorization: Bearer x\r\nAccept-Encoding: gzip, br\r\n" +
            "Range: bytes=0-1\r\nIf-None-Match: \"x\"\r\nUser-Agent: odd (agent;; /\r\nX-Empty: \r\nX-Two: 1\r\nX-Two: 2\r\n\r\n");

        head.ShouldContain("\r\nCookie: a=1; b=2\r\n");
        head.ShouldContain("\r\nAuthorization: Bearer x\r\n");
        head.ShouldContain("\r\nAccept-Encoding: gzip, br\r\n");
        head.ShouldContain("\r\nRange: bytes=0-1\r\n");
        head.ShouldContain("\r\nIf-None-Match: \"x\"\r\n");
        head.ShouldContain("\r\nUser-Agent: odd (agent;; /\r\n");
        head.ShouldContain("\r\nX-Empty:");
        head.ShouldContain("X-Two: 1");
        head.ShouldContain("2");
    }

    [Fact]
    public async Task NothingIsAddedThatNobodySaid()
    {
        var head = await HeadSeenByInstanceAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        foreach (var name in new[] { "User-Agent", "Accept", "traceparent", "Request-Id", "Cookie", "Content-", "Transfer-Encoding", "Connection" })
            head.ShouldNotContain("\r\n" + name, Case.Insensitive);
    }

    [Fact]
    public async Task APostWithoutABodySaysThatItHasNone()
    {
        var head = await HeadSeenByInstanceAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 0\r\nContent-Type: text/plain\r\n\r\n");

        head.ShouldContain("\r\nContent-Length: 0\r\n");
        head.ShouldContain("\r\nContent-Type: text/plain\r\n");
    }

    [Theory]
    [InlineData("PROPFIND")]
    [InlineData("PATCH")]
    [InlineData("OPTIONS")]
    [InlineData("DELETE")]
    [InlineData("M-SEARCH")]
    public async Task EveryMethodIsForwarded(string method)
    {
        var head = await HeadSeenByInstanceAsync($"{method} /x HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        head.ShouldStartWith($"{method} /x HTTP/1.1\r\n");
    }

    [Theory]
    [InlineData("CONNECT alice.localhost:80 HTTP/1.1\r\nHost: alice.localhost:80\r\n\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: alice.localhost\r\n\r\n")]
    public async Task WhatHasNoPathIsRefused(string request)
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 204 No Content\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(request);

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 400");
        upstream.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task CookiesOfTheAnswerStayApart()
    {
        var head = await HeadSeenByClientAsync("HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n");

        head.ShouldContain("\r\nSet-Cookie: a=1; Path=/\r\n");
        head.ShouldContain("\r\nSet-Cookie: b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT\r\n");
    }

    [Theory]
    [InlineData("a=1; Domain=localhost; Path=/", "a=1; Path=/")]
    [InlineData("a=1; Path=/; domain = .LOCALHOST", "a=1; Path=/")]
    [InlineData("a=domain=localhost; Domain=alice.localhost", "a=domain=localhost; Domain=alice.localhost")]
    [InlineData("a=1; Domain=calhost", "a=1; Domain=calhost")]
    public async Task ATenantSetsNoCookieForItsNeighbours(string said, string heard)
    {
        var head = await HeadSeenByClientAsync($"HTTP/1.1 200 OK\r\nSet-Cookie: {said}\r\nContent-Length: 0\r\n\r\n");

        head.ShouldContain($"\r\nSet-Cookie: {heard}\r\n");
    }

    [Fact]
    public async Task AnInstanceSetsNoCookieThatStandsInForASessionOfTheControlPlane()
    {
        var head = await HeadSeenByClientAsync("HTTP/1.1 200 OK\r\nSet-Cookie: __Host-tenantry=x; Secure; Path=/\r\nSet-Cookie: mine=1\r\nContent-Length: 0\r\n\r\n");

        head.ShouldContain("\r\nSet-Cookie: mine=1\r\n");
        head.ShouldNotContain("__Host-tenantry");
    }

    [Fact]
    public async Task HeadersOfTheInstancesConnectionDoNotReachTheClient()
    {
        var head = await HeadSeenByClientAsync(
            "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nX-Yours: 2\r\nServer: odd\r\nContent-Length: 0\r\n\r\n");

        head.ShouldContain("\r\nX-Yours: 2\r\n");
        head.ShouldContain("\r\nServer: odd\r\n");
        head.ShouldNotContain("X-Mine");
        head.ShouldNotContain("Keep-Alive");
    }

    [Fact]
    public async Task AStatusWithAnOwnPhraseKeepsIt()
    {
        var head = await HeadSeenByClientAsync("HTTP/1.1 418 Quite A Teapot\r\nContent-Length: 0\r\n\r\n");

        head.ShouldStartWith("HTTP/1.1 418 Quite A Teapot\r\n");
    }

    [Theory]
    [InlineData("301")]
    [InlineData("303")]
    [InlineData("307")]
    public async Task ARedirectionIsForTheClient(string status)
    {
        var head = await HeadSeenByClientAsync($"HTTP/1.1 {status} Elsewhere\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n");

        head.ShouldContain("\r\nLocation: http://elsewhere.example/\r\n");
    }

    [Fact]
    public async Task ACompressedAnswerStaysCompressed()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u001f\u008b\b\0");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        using var answer = await client.GetAsync("/");

        answer.Content.Headers.ContentEncoding.ShouldBe(["gzip"]);
        (await answer.Content.ReadAsByteArrayAsync()).ShouldBe([0x1f, 0x8b, 8, 0]);
    }

    [Fact]
    public async Task AHeadAnswerKeepsItsLengthAndHasNoBody()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, "/");
            using var answer = await client.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            answer.Content.Headers.ContentLength.ShouldBe(1234);
        }

        upstream.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task NotModifiedKeepsItsHeaders()
    {
        var head = await HeadSeenByClientAsync("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nCache-Control: max-age=1\r\n\r\n");

        head.ShouldStartWith("HTTP/1.1 304 Not Modified\r\n");
        head.ShouldContain("\r\nETag: \"x\"\r\n");
    }
}
