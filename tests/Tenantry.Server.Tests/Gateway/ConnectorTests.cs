using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>The fake engine's sockets are of this machine's network, so an endpoint inside a "namespace" is an upstream of the test.</summary>
public class ConnectorTests
{
    private static readonly WakeRules Impatient = AtRest.Rules with { TimeoutSeconds = 1 };

    private static Endpoint Inside(int port, int pid = 1) => new("127.0.0.1", port, NamespacePid: pid);

    private static RawUpstream Closing(string body = "ok") => RawUpstream.Start(async (connection, _) =>
    {
        await connection.ReadUntilAsync("\r\n\r\n");
        await connection.SendAsync($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    });

    private static async Task WaitAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
            await Task.Delay(10, patience.Token);
    }

    [Fact]
    public async Task AnInstanceWithANetworkOfItsOwnIsReachedThroughSocketsOfTheEngine()
    {
        await using var upstream = Closing();
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(0, endpoint: Inside(upstream.Port));
        using var client = gateway.Client();

        (await client.GetStringAsync("/")).ShouldBe("ok");

        gateway.Engine.OpenedSockets.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task AnOrdinaryEndpointNeedsNoEngine()
    {
        await using var upstream = Closing();
        await using var gateway = await TestGateway.StartAsync(new FakeEngine { IsAway = true });
        gateway.Lead(upstream.Port);
        using var client = gateway.Client();

        (await client.GetStringAsync("/")).ShouldBe("ok");
    }

    [Fact]
    public async Task SocketsMadeBeforehandServeWhileTheEngineIsAway()
    {
        await using var upstream = Closing();
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(0, endpoint: Inside(upstream.Port), rules: Impatient);
        using var client = gateway.Client();
        await client.GetStringAsync("/");
        await WaitAsync(() => gateway.Engine.OpenedSockets == 3);

        gateway.Engine.IsAway = true;

        (await client.GetStringAsync("/")).ShouldBe("ok");
        (await client.GetStringAsync("/")).ShouldBe("ok");
        using var answer = await client.GetAsync("/");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.Contains("Retry-After").ShouldBeTrue();
    }

    [Fact]
    public async Task SocketsOfAnInstanceThatWasStartedAnewAreThrownAway()
    {
        await using var upstream = Closing();
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(0, endpoint: Inside(upstream.Port, pid: 1));
        using var client = gateway.Client();
        await client.GetStringAsync("/");
        await WaitAsync(() => gateway.Engine.OpenedSockets == 3);

        gateway.Lead(0, endpoint: Inside(upstream.Port, pid: 2), rules: Impatient);
        gateway.Engine.IsAway = true;

        using var answer = await client.GetAsync("/");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task ConnectionsToAnInstanceThatWasStartedAnewAreNotUsedAgain()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client();
        gateway.Lead(0, endpoint: Inside(upstream.Port, pid: 1));
        await client.GetStringAsync("/");

        gateway.Lead(0, endpoint: Inside(upstream.Port, pid: 2));
        await client.GetStringAsync("/");

        upstream.Connections.ShouldBe(2);
    }

    [Fact]
    public void EqualEndpointsHaveOneNameAndOthersAnother()
    {
        Route Of(Endpoint endpoint) => new("ID", "alice", "alice", RouteState.Open, endpoint);

        Of(Inside(80)).Upstream.ShouldBe(Of(Inside(80)).Upstream);
        Of(Inside(80)).Upstream.ShouldNotBe(Of(Inside(81)).Upstream);
        Of(Inside(80)).Upstream.ShouldNotBe(Of(Inside(80, pid: 2)).Upstream);
        Of(Inside(80)).Upstream.ShouldStartWith("id-");
    }
}
