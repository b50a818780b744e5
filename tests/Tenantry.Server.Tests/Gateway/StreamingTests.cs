using System.Net;
using System.Security.Cryptography;
using Tenantry.Server.Tests.Serving;

namespace Tenantry.Server.Tests.Gateway;

public class StreamingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task EachEventReachesTheClientBeforeTheNextOneIsSent()
    {
        var heard = new SemaphoreSlim(0);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (var i = 0; i < 3; i++)
            {
                (await heard.WaitAsync(Patience)).ShouldBeTrue();
                await connection.SendAsync($"9\r\ndata: {i}\n\n\r\n");
            }

            await connection.SendAsync("0\r\n\r\n");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        // The head comes before any event: the first one is only sent when the client has it.
        using var answer = await client.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        for (var i = 0; i < 3; i++)
        {
            heard.Release();
            (await reader.ReadLineAsync().SoonAsync()).ShouldBe($"data: {i}");
            (await reader.ReadLineAsync().SoonAsync()).ShouldBe("");
        }

        (await reader.ReadToEndAsync().SoonAsync()).ShouldBe("");
    }

    [Fact]
    public async Task EachPieceOfABodyReachesTheInstanceBeforeTheNextOneIsSent()
    {
        var seen = new SemaphoreSlim(0);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            foreach (var piece in new[] { "one", "two", "three" })
            {
                await connection.ReadUntilAsync(piece);
                seen.Release();
            }

            await connection.ReadUntilAsync("0\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
        foreach (var piece in new[] { "3\r\none\r\n", "3\r\ntwo\r\n", "5\r\nthree\r\n" })
        {
            await client.SendAsync(piece);
            (await seen.WaitAsync(Patience)).ShouldBeTrue();
        }

        await client.SendAsync("0\r\n\r\n");
        (await client.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 204");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LargeBodiesArriveWholeInBothDirections(bool chunked)
    {
        var data = RandomNumberGenerator.GetBytes(20_000_003);
        await using var upstream = await AppUpstream.StartAsync(async context =>
        {
            if (!chunked)
                context.Response.ContentLength = context.Request.ContentLength;
            using var whole = new MemoryStream();
            await context.Request.Body.CopyToAsync(whole);
            whole.Position = 0;
            await whole.CopyToAsync(context.Response.Body);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(data) };
        request.Headers.TransferEncodingChunked = chunked;

        using var answer = await client.SendAsync(request);

        SHA256.HashData(await answer.Content.ReadAsByteArrayAsync()).ShouldBe(SHA256.HashData(data));
    }

    [Fact]
    public async Task AnInstanceThatReadsNothingStopsTheClient()
    {
        var release = new TaskCompletionSource();
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await release.Task.WaitAsync(Patience);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 1000000000\r\n\r\n");
        client.Socket.Blocking = false;
        var piece = new byte[64 * 1024];
        var sent = 0L;

        // More than every buffer on the way holds must not be taken: 256 MB would be a gateway that keeps the body.
        var refusals = 0;
        while (sent < 256L << 20 && refusals < 20)
        {
            var count = client.Socket.Send(piece, System.Net.Sockets.SocketFlags.None, out var error);
            if (error == System.Net.Sockets.SocketError.WouldBlock)
            {
                refusals++;
                await Task.Delay(50);
                continue;
            }

            refusals = 0;
            sent += count;
        }

        release.SetResult();
        sent.ShouldBeLessThan(64L << 20);
    }

    [Fact]
    public async Task AClientThatLeavesIsToldToTheInstance()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
            await connection.ReadToEndAsync();
            left.TrySetResult();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");
        await client.ReadUntilAsync("x");

        await client.DisposeAsync();

        await left.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task AClientThatLeavesBeforeTheAnswerIsToldToTheInstance()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            asked.TrySetResult();
            await connection.ReadToEndAsync();
            left.TrySetResult();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");
        await asked.Task.WaitAsync(Patience);

        await client.DisposeAsync();

        await left.Task.WaitAsync(Patience);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n")]
    public async Task AnAnswerThatIsCutIsCutForTheClientToo(string answer)
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(answer);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        await Should.ThrowAsync<HttpRequestException>(() => client.GetByteArrayAsync("/"));
    }

    [Fact]
    public async Task AnAnswerThatEndsWithItsConnectionIsWhole()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.0 200 OK\r\n\r\nall of it");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        (await client.GetStringAsync("/")).ShouldBe("all of it");
    }

    [Fact]
    public async Task OfALargeAnswerEachPieceArrivesBeforeTheNextOneIsSentAndACutOneIsNotWhole()
    {
        var heard = new SemaphoreSlim(0);
        var piece = new string('x', 50_000);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 250000\r\n\r\n");
            for (var i = 0; i < 4; i++)
            {
                (await heard.WaitAsync(Patience)).ShouldBeTrue();
                await connection.SendAsync(piece);
            }

            (await heard.WaitAsync(Patience)).ShouldBeTrue();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        using var answer = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[piece.Length];
        for (var i = 0; i < 4; i++)
        {
            heard.Release();
            await body.ReadExactlyAsync(buffer);
            buffer.ShouldAllBe(letter => letter == 'x');
        }

        heard.Release();
        await Should.ThrowAsync<IOException>(() => body.ReadExactlyAsync(buffer).AsTask());
    }
}
