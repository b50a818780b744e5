using System.Net;
using System.Security.Cryptography;

namespace Tenantry.Server.Tests.Gateway;

public class ProtocolTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task ABodyIsOnlySentWhenTheInstanceSaysContinue()
    {
        var order = new List<string>();
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            var head = await connection.ReadUntilAsync("\r\n\r\n");
            head.ShouldContain("Expect: 100-continue");
            order.Add("head");
            await connection.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await connection.ReadUntilAsync("body");
            order.Add("body");
            await connection.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
        });
        await using var gateway = await TestGateway.StartAsync(options: new() { ContinueTimeout = Patience });
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("PUT / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 100");
        order.ShouldBe(["head"]);
        await client.SendAsync("body");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 204");
        order.ShouldBe(["head", "body"]);
    }

    [Fact]
    public async Task ARefusalComesInsteadOfContinue()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync(options: new() { ContinueTimeout = Patience });
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("PUT / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 4000\r\nExpect: 100-continue\r\n\r\n");

        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 417");
    }

    [Fact]
    public async Task ConnectionsToAnInstanceAreUsedAgain()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        for (var i = 0; i < 20; i++)
            (await client.GetStringAsync("/")).ShouldBe("ok");

        upstream.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task Http2WithPriorKnowledgeIsSpokenOnTheSamePort()
    {
        await using var upstream = await AppUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(
                context.Response, $"{context.Request.Protocol} {context.Request.Scheme} {context.Request.Host} {await reader.ReadToEndAsync()}");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client(version: HttpVersion.Version20);

        using var answer = await client.PostAsync("/", new StringContent("hello"));

        answer.Version.ShouldBe(HttpVersion.Version20);
        (await answer.Content.ReadAsStringAsync()).ShouldBe($"HTTP/1.1 http alice.localhost:{gateway.Port} hello");
    }

    [Fact]
    public async Task TrailersReachAClientThatSpeaksHttp2()
    {
        await using var upstream = RawUpstream.Answering(
            "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client(version: HttpVersion.Version20);

        using var answer = await client.GetAsync("/");

        (await answer.Content.ReadAsStringAsync()).ShouldBe("ok");
        answer.TrailingHeaders.GetValues("X-Sum").ShouldBe(["7"]);
    }
}
