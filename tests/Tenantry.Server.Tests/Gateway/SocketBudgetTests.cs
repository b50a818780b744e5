using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Sockets to instances, of which a gateway can have so many only.</summary>
public class SocketBudgetTests
{
    private static (string Host, Route Route) To(string slug, int port) =>
        (slug + ".localhost", new Route(slug, slug, slug, RouteState.Open, new Endpoint("127.0.0.1", port)));

    [Fact]
    public void TheLastOnesAreForInstancesThatHaveFew()
    {
        var sockets = new SocketBudget(160);
        var taken = 0;
        while (sockets.TryTake("mallory"))
            taken++;

        taken.ShouldBe(150);
        for (var i = 0; i < 10; i++)
            sockets.TryTake("alice").ShouldBeTrue();
        sockets.TryTake("alice").ShouldBeFalse();
        Should.Throw<NoRoomException>(() => sockets.Take("alice"));
        sockets.Return("mallory");
        sockets.Take("alice");
    }

    [Fact]
    public async Task WhereTheyAreAllInUseMoreGetAnAnswerAndWhatEndsMakesRoom()
    {
        var done = new TaskCompletionSource();
        await using var stuck = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await done.Task.WaitAsync(TimeSpan.FromSeconds(60));
            await connection.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        });
        await using var gateway = await TestGateway.StartAsync(sockets: new SocketBudget(5));
        gateway.Lead(To("alice", stuck.Port));
        using var client = gateway.Client();

        // Streams of one connection, as HTTP/2 has them: each needs a socket of its own to its instance.
        var held = Enumerable.Range(0, 5).Select(_ => client.GetAsync("/")).ToList();
        await AtRest.UntilAsync(() => stuck.Connections == 5);
        using var refused = await client.GetAsync("/");
        done.SetResult();
        foreach (var one in held)
            (await one).StatusCode.ShouldBe(HttpStatusCode.OK);

        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter.ShouldNotBeNull();
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task AnIdleOneIsClosedForOneThatIsNeeded()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync(sockets: new SocketBudget(3));
        var names = (string[])["alice", "bob", "carol", "dave", "erin"];
        gateway.Lead([.. names.Select(name => To(name, upstream.Port))]);

        foreach (var name in names)
        {
            using var client = gateway.Client(name + ".localhost");
            (await client.GetStringAsync("/")).ShouldBe("ok");
        }

        upstream.Connections.ShouldBe(5);
    }

    [Fact]
    public async Task WhatAnInstanceHasIsGivenBackWhateverBecomesOfItsConnections()
    {
        await using var cut = RawUpstream.Start(async (connection, _) => await connection.ReadUntilAsync("\r\n\r\n"));
        await using var gateway = await TestGateway.StartAsync(sockets: new SocketBudget(3));
        gateway.Lead(To("cut", cut.Port), To("gone", 1));
        using var first = gateway.Client("cut.localhost");
        using var second = gateway.Client("gone.localhost");

        for (var i = 0; i < 10; i++)
        {
            (await first.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.BadGateway);
            (await second.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        }
    }

    [Fact]
    public void EverySocketOfAClientHasRoomForOneToAnInstance() => SocketBudget.MostOfThisProcess.ShouldBeGreaterThanOrEqualTo(256);
}
