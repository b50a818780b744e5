namespace Tenantry.Server.Tests.Gateway;

/// <summary>Requests in bytes against the real gateway. What follows a refused request on its connection must never be taken for one.</summary>
public class StrictnessTests
{
    private const string Next = "GET /smuggled HTTP/1.1\r\nHost: alice.localhost\r\n\r\n";

    public static TheoryData<string, string> Refused => new()
    {
        { "two lengths", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc" },
        { "one length twice", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc" },
        { "a list of lengths", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 3, 3\r\n\r\nabc" },
        { "a signed length", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: +3\r\n\r\nabc" },
        { "a negative length", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: -3\r\n\r\nabc" },
        { "a hexadecimal length", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 0x3\r\n\r\nabc" },
        { "an endless length", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 99999999999999999999\r\n\r\nabc" },
        { "an empty length", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length:\r\n\r\nabc" },
        { "length with chunked", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "chunked with length", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" },
        { "chunked twice", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "another coding", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
        { "chunked not last", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" },
        { "a misspelt coding", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
        { "chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { "a length of one connection", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Content-Length\r\nContent-Length: 3\r\n\r\nabc" },
        { "a length listed beside others", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: keep-alive, content-length\r\nContent-Length: 3\r\n\r\nabc" },
        { "a target that is no path", "GET x HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
        { "a star that is not of OPTIONS", "GET * HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
        { "a target with a fragment", "GET /a#b HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
        { "a folded header", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: 1\r\n 2\r\n\r\n" },
        { "a folded header with a tab", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: 1\r\n\t2\r\n\r\n" },
        { "a first header that is folded", "GET / HTTP/1.1\r\n Host: alice.localhost\r\n\r\n" },
        { "space before the colon", "GET / HTTP/1.1\r\nHost : alice.localhost\r\n\r\n" },
        { "space before the length's colon", "POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length : 3\r\n\r\nabc" },
        { "a header without a colon", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A\r\n\r\n" },
        { "a header without a name", "GET / HTTP/1.1\r\nHost: alice.localhost\r\n: x\r\n\r\n" },
        { "a bare line feed after the first line", "GET / HTTP/1.1\nHost: alice.localhost\r\n\r\n" },
        { "a bare line feed after a header", "GET / HTTP/1.1\r\nHost: alice.localhost\nX-A: 1\r\n\r\n" },
        { "a bare line feed at the end", "GET / HTTP/1.1\r\nHost: alice.localhost\r\n\n" },
        { "line feeds alone", "GET / HTTP/1.1\nHost: alice.localhost\n\n" },
        { "a bare carriage return", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: 1\rX-B: 2\r\n\r\n" },
        { "a zero byte in a value", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: 1\02\r\n\r\n" },
        { "a control character in a value", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: 1\u00012\r\n\r\n" },
        { "DEL in a value", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: 1\u007f2\r\n\r\n" },
        { "a control character in the target", "GET /\u0001 HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
        { "a tab in the first line", "GET\t/ HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
        { "two spaces in the first line", "GET  / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
        { "a target with a space", "GET /a b HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
        { "no version", "GET /\r\nHost: alice.localhost\r\n\r\n" },
        { "two hosts", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nHost: bob.localhost\r\n\r\n" },
        { "one host twice", "GET / HTTP/1.1\r\nHost: alice.localhost\r\nHost: alice.localhost\r\n\r\n" },
        { "a list of hosts", "GET / HTTP/1.1\r\nHost: alice.localhost, bob.localhost\r\n\r\n" },
        { "no host", "GET / HTTP/1.1\r\nX-A: 1\r\n\r\n" },
        { "a host with a user", "GET / HTTP/1.1\r\nHost: bob@alice.localhost\r\n\r\n" },
        { "a host with a path", "GET / HTTP/1.1\r\nHost: alice.localhost/x\r\n\r\n" },
        { "an absolute target with another host", "GET http://bob.localhost/ HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
        { "an absolute target with a user", "GET http://x@alice.localhost/ HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" },
    };

    public static TheoryData<string, string> BadChunks => new()
    {
        { "no size", "\r\n" },
        { "not a number", "xyz\r\n" },
        { "a prefix", "0x3\r\nabc\r\n0\r\n\r\n" },
        { "a sign", "+3\r\nabc\r\n0\r\n\r\n" },
        { "a space before", " 3\r\nabc\r\n0\r\n\r\n" },
        { "a space behind", "3 \r\nabc\r\n0\r\n\r\n" },
        { "too many digits", "00000000000000003\r\nabc\r\n0\r\n\r\n" },
        { "a bare line feed", "3\nabc\r\n0\r\n\r\n" },
        { "a bare line feed in an extension", "3;a\nabc\r\n0\r\n\r\n" },
        { "a carriage return in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n" },
        { "more than was said", "3\r\nabcd\r\n0\r\n\r\n" },
        { "a line feed after the data", "3\r\nabc\n0\r\n\r\n" },
        { "a folded trailer", "3\r\nabc\r\n0\r\nX-A: 1\r\n 2\r\n\r\n" },
        { "a trailer that ends in a line feed", "3\r\nabc\r\n0\r\nX-A: 1\n\r\n" },
        { "a trailer without a name", "3\r\nabc\r\n0\r\n: 1\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task AnAmbiguousRequestIsRefusedAndItsConnectionClosed(string what, string request)
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 204 No Content\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(request + Next);

        var all = await client.ReadToEndAsync();
        all.ShouldStartWith("HTTP/1.1 400 ", Case.Sensitive, what);
        all.ShouldContain("Connection: close");
        all.ShouldContain("\"code\":\"bad-request\"");
        all.IndexOf("HTTP/1.1", 8, StringComparison.Ordinal).ShouldBe(-1, what);
        upstream.Connections.ShouldBe(0);
    }

    [Theory]
    [MemberData(nameof(BadChunks))]
    public async Task ABadChunkIsRefusedAndItsConnectionClosed(string what, string body)
    {
        var heard = "";
        await using var upstream = RawUpstream.Start(async (connection, _) => heard = await connection.ReadToEndAsync());
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + body + Next);

        var all = await client.ReadToEndAsync();
        all.ShouldStartWith("HTTP/1.1 400 ", Case.Sensitive, what);
        all.ShouldContain("Connection: close");
        all.IndexOf("HTTP/1.1", 8, StringComparison.Ordinal).ShouldBe(-1, what);
        heard.ShouldNotContain("smuggled");
        heard.ShouldNotContain("0\r\n\r\n");
    }

    [Fact]
    public async Task AHeadOfManySmallPiecesIsOneHead()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        foreach (var letter in "POST /x HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 0\r\n\r\n")
        {
            await client.SendAsync(letter.ToString());
            await Task.Yield();
        }

        (await client.ReadUntilAsync("ok")).ShouldStartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task RequestsThatComeTogetherAreAnsweredInOrderAndTheBadOneLast()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            while (true)
            {
                var head = await connection.ReadUntilAsync("\r\n\r\n");
                if (head.StartsWith("POST", StringComparison.Ordinal))
                    await connection.ReadUntilAsync("0\r\n\r\n");
                await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {head.Split(' ')[1].Length}\r\n\r\n{head.Split(' ')[1]}");
            }
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(
            "GET /one HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" +
            "POST /two HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n" +
            "\r\nGET /three HTTP/1.1\r\nHost: alice.localhost\r\n\r\n" +
            "GET /four HTTP/1.1\nHost: alice.localhost\r\n\r\n" + Next);

        var all = await client.ReadToEndAsync();
        foreach (var path in new[] { "/one", "/two", "/three" })
            all.ShouldContain("\r\n\r\n" + path);
        all.LastIndexOf("HTTP/1.1 400", StringComparison.Ordinal).ShouldBeGreaterThan(all.IndexOf("/three", StringComparison.Ordinal));
        all.ShouldNotContain("smuggled");
    }

    [Theory]
    [InlineData(41_000)]
    [InlineData(200_000)]
    public async Task AHeadThatIsTooLargeIsRefused(int length)
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync($"GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: {new string('x', length)}\r\n\r\n");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 431");
    }

    [Theory]
    [InlineData(505, "GET / HTTP/2.0\r\nHost: alice.localhost\r\n\r\n")]
    [InlineData(505, "GET / HTTP/1.2\r\nHost: alice.localhost\r\n\r\n")]
    [InlineData(400, "CONNECT alice.localhost:443 HTTP/1.1\r\nHost: alice.localhost\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: alice.localhost:abc\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: alice.localhost:\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: alice.localhost:80:80\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: a[lice.localhost\r\n\r\n")]
    [InlineData(400, "GET /a%00b HTTP/1.1\r\nHost: alice.localhost\r\n\r\n")]
    [InlineData(404, "GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n")]
    [InlineData(404, "GET /?%00 HTTP/1.1\r\nHost: nobody.localhost:80\r\nConnection: close\r\n\r\n")]
    public Task WhateverIsRefusedIsExplained(int status, string request) => ShouldBeExplainedAsync(status, request);

    [Fact]
    public async Task WhateverIsTooLargeIsExplained()
    {
        await ShouldBeExplainedAsync(431, "GET / HTTP/1.1\r\nHost: alice.localhost\r\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"X-{i}: y\r\n")) + "\r\n");
        await ShouldBeExplainedAsync(414, $"GET /{new string('x', 9000)} HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");
        await ShouldBeExplainedAsync(431, $"GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: {new string('x', 41_000)}\r\n\r\n");
        await ShouldBeExplainedAsync(404, $"GET / HTTP/1.1\r\nHost: nobody.localhost\r\nConnection: close\r\nX-A: {new string('x', 39_000)}\r\n\r\n");
    }

    private static async Task ShouldBeExplainedAsync(int status, string request)
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(request);

        var answer = await client.ReadToEndAsync();
        answer.ShouldStartWith($"HTTP/1.1 {status} ");
        answer.ShouldContain("urn:tenantry:problem:");
    }

    [Fact]
    public async Task ABrowserSeesAPage()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nAccept: text/html\r\n\r\n");

        (await client.ReadToEndAsync()).ShouldContain("<h1>Not understood</h1>");
    }

    [Fact]
    public async Task WhatIsSentWithASwitchIsNotTakenForARequest()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n");
            await connection.SendAsync("heard " + await connection.ReadUntilAsync("\n\nGET : x"));
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\nearly\0\n\nGET : x");

        (await client.ReadToEndAsync()).ShouldEndWith("heard early\0\n\nGET : x");
    }

    [Fact]
    public async Task AHeaderThatIsListedBesideKeepAliveIsOfOneConnection()
    {
        await using var upstream = RawUpstream.Hearing(out var seen);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nX-Yours: 2\r\n\r\n");

        var head = await seen.WaitAsync(TimeSpan.FromSeconds(60));
        head.ShouldContain("X-Yours");
        head.ShouldNotContain("X-Mine");
    }

    [Fact]
    public async Task ABadChunkThatComesLateEndsTheRequestForBothSides()
    {
        var cut = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("abc");
            begun.SetResult();
            cut.SetResult(await connection.ReadToEndAsync());
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(60));

        await client.SendAsync("3\nabc\r\n0\r\n\r\n" + Next);

        var all = await client.ReadToEndAsync();
        all.ShouldStartWith("HTTP/1.1 400 ");
        all.ShouldContain("Connection: close");
        all.IndexOf("HTTP/1.1", 8, StringComparison.Ordinal).ShouldBe(-1);
        (await cut.Task.WaitAsync(TimeSpan.FromSeconds(60))).ShouldNotContain("0\r\n\r\n");
    }

    [Fact]
    public async Task BytesOfAHeaderThatAreNoUnicodeArriveAsTheyWereSent()
    {
        await using var upstream = RawUpstream.Hearing(out var seen, "HTTP/1.1 200 OK\r\nX-B: \u00fc\u0080\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nX-A: \u00e4\u00ff\r\n\r\n");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldContain("\r\nX-B: \u00fc\u0080\r\n");
        (await seen.WaitAsync(TimeSpan.FromSeconds(60))).ShouldContain("\r\nX-A: \u00e4\u00ff\r\n");
    }
}
