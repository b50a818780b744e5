using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using static Tenantry.Server.Tests.Gateway.AtRest;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Requests that find an instance's door shut although its route is open: it is restarted or changed just then, or it is broken.</summary>
public class RestartTests
{
    private static readonly WakingOptions Hasty = new() { ForOldRoutes = TimeSpan.FromMilliseconds(50), BeforePage = TimeSpan.FromMilliseconds(100) };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ARequestIsHeldUntilTheInstanceIsThereAgainAndItsBodyArrivesWhole(bool isSaid)
    {
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"heard {(await reader.ReadToEndAsync()).Length}");
        });
        await using var gateway = await TestGateway.StartAsync(waiting: Hasty);
        var done = new TaskCompletionSource<WakeAnswer>();
        gateway.Engine.Wake = (_, _) => isSaid && !done.Task.IsCompleted ? Task.FromResult(new WakeAnswer(WakeOutcome.NotNow, "It is being changed.", 2)) : done.Task;
        using var shut = Shut(out var port);
        gateway.Lead(port, rules: Rules);
        using var client = gateway.Client();

        var asked = client.PostAsync("/", new StringContent(new string('x', 100_000)));
        await UntilAsync(() => gateway.Held == 1);
        done.SetResult(AwakeAt(app.Port));

        using var answer = await asked;
        (await answer.Content.ReadAsStringAsync()).ShouldBe("heard 100000");
        answer.Headers.ConnectionClose.ShouldBeNull("the failure before is nobody's business");
    }

    [Theory]
    [InlineData("Accept: text/event-stream\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst!\r\n", "0\r\n\r\n")]
    [InlineData("Connection: Upgrade\r\nUpgrade: odd/1\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd/1\r\n\r\nfirst!", "")]
    public async Task AStreamThatMetARestartIsCountedOnce(string fields, string answer, string end)
    {
        var isOver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(answer);
            await isOver.Task;
            await connection.SendAsync(end);
        });
        await using var gateway = await TestGateway.StartAsync(waiting: Hasty);
        var done = new TaskCompletionSource<WakeAnswer>();
        gateway.Engine.Wake = (_, _) => done.Task;
        using var shut = Shut(out var port);
        gateway.Lead(port, rules: Rules);
        await using var client = await gateway.ConnectAsync();
        var gate = gateway.GateOf("id-alice");

        await client.SendAsync($"GET / HTTP/1.1\r\nHost: alice.localhost\r\n{fields}\r\n");
        await UntilAsync(() => gateway.Held == 1);
        done.SetResult(AwakeAt(upstream.Port));

        await client.ReadUntilAsync("first!");
        (gate.Requests, gate.Streams).ShouldBe((0, 1));
        isOver.SetResult();
        await UntilAsync(() => gate.Streams == 0);
        await UntilAsync(() => gate.Requests == 0);
        (gate.Requests, gate.Streams).ShouldBe((0, 0), "who counts it twice never lets the instance rest again, or freezes it under a request");
    }

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("DELETE", 1)]
    public async Task OfAnAppThatSpeaksHttp2WhoOnlyLooksIsAskedOnceMoreToo(string method, int times)
    {
        await using var upstream = RawUpstream.Start(async (connection, number) =>
        {
            await using var stream = new NetworkStream(connection.Socket);
            await stream.ReadExactlyAsync(new byte["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".Length]);
            await stream.WriteAsync(RawHttp2.Frame(RawHttp2.Settings, 0, 0, []));
            for (byte type = RawHttp2.Settings; type != RawHttp2.Headers;)
                type = (await RawHttp2.ReadAsync(stream, CancellationToken.None)).Type;
            if (number == 1)
                return;
            await stream.WriteAsync(RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders | RawHttp2.EndStream, 1, [0x88]));
            await connection.ReadToEndAsync();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", upstream.Port)) { SpeaksHttp2 = true }));
        using var client = gateway.Client();
        using var request = new HttpRequestMessage(new HttpMethod(method), "/");

        using var answer = await client.SendAsync(request);

        answer.StatusCode.ShouldBe(times == 2 ? HttpStatusCode.OK : HttpStatusCode.BadGateway);
        upstream.Connections.ShouldBe(times);
    }

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("DELETE", 1)]
    public async Task WhoOnlyLooksIsAskedOnceMoreWhenTheInstanceEndsUnderTheRequest(string method, int times)
    {
        await using var upstream = RawUpstream.Start(async (connection, _) => await connection.ReadUntilAsync("\r\n\r\n"));
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        using var answer = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/"));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        upstream.Connections.ShouldBe(times);
    }

    [Fact]
    public async Task OneThatIsBrokenAndNotBeingChangedIsSaidAtOnce()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var shut = Shut(out var port);
        gateway.Lead(port, rules: Rules);
        using var client = gateway.Client();

        using var answer = await client.GetAsync("/");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadGateway, "the engine says that it runs there");
    }

    [Fact]
    public async Task AMonitorIsNotHeldAndABrowserGetsThePage()
    {
        await using var gateway = await TestGateway.StartAsync(waiting: Hasty);
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        using var shut = Shut(out var port);
        gateway.Lead(port, rules: Rules);
        using var client = gateway.Client();

        (await client.GetAsync("/healthz")).StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        client.DefaultRequestHeaders.Add("Accept", "text/html");
        using var page = await client.GetAsync("/");
        page.Headers.Contains("Tenantry-Waiting").ShouldBeTrue();
    }
}
