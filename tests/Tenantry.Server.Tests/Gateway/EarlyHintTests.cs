using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>103 to clients that speak HTTP/2.</summary>
public class EarlyHintTests
{
    private const string Hint = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Odd: \u00e9\r\nSet-Cookie: a=b\r\nConnection: X-Mine\r\nX-Mine: 1\r\n\r\n";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AnEarlyHintReachesAClientThatSpeaksHttp2BeforeTheAnswer()
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(Hint);
            await heard.Task.WaitAsync(Patience);
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Port);
        await using var client = new NetworkStream(socket);
        await client.WriteAsync((byte[])
        [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, []),
            .. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndStream | RawHttp2.EndHeaders, 1, RawHttp2.Fields((":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "alice.localhost"))),
        ]);

        var (flags, hint) = await HeadersAsync(client);
        flags.ShouldBe(RawHttp2.EndHeaders, "of a stream that goes on");
        hint.ShouldContain("103");
        hint.ShouldContain("</a.css>; rel=preload");
        hint.ShouldContain("\u00e9");
        hint.ShouldNotContain("a=b");
        hint.ShouldNotContain("mine");
        heard.SetResult();
        (flags, var answer) = await HeadersAsync(client);
        flags.ShouldBe(RawHttp2.EndHeaders);
        answer.ShouldNotContain("a.css");
    }

    [Fact]
    public async Task AfterEarlyHintsAConnectionSaysWhatItHasToSay()
    {
        // Said again, a field stands for its place in a list that both ends keep: it must be the same one.
        await using var upstream = RawUpstream.Answering(Hint + Hint + "HTTP/1.1 200 OK\r\nLink: </a.css>; rel=preload\r\nX-Odd: \u00e9\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client(version: HttpVersion.Version20);

        for (var i = 0; i < 10; i++)
        {
            var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.GetAsync("/")));
            foreach (var answer in all)
            {
                answer.StatusCode.ShouldBe(HttpStatusCode.OK);
                answer.Headers.GetValues("Link").ShouldBe(["</a.css>; rel=preload"]);
                (await answer.Content.ReadAsStringAsync()).ShouldBe("ok");
            }
        }
    }

    private static async Task<(int Flags, string Fields)> HeadersAsync(NetworkStream client)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var (type, of, payload) = await RawHttp2.ReadAsync(client, patience.Token);
            if (type == RawHttp2.Headers)
                return (of.Flags, Encoding.Latin1.GetString(payload));
        }
    }
}
