using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Waking;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Requests that find an instance's door shut although its route is open: it is restarted or changed just then, or it is broken.</summary>
public class RestartTests
{
    private static readonly WakingOptions Hasty = new() { ForOldRoutes = TimeSpan.FromMilliseconds(50), BeforePage = TimeSpan.FromMilliseconds(100) };

    // A port that nobody listens on, and nobody else gets meanwhile.
    private static Socket Shut(out int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }

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
