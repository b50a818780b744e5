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
    public async Task TheLastOnesAreForInstancesThatHaveFew()
    {
        var sockets = new SocketBudget(160);
        var taken = 0;
        while (sockets.TryTake("mallory"))
            taken++;

        taken.ShouldBe(150);
        for (var i = 0; i < 10; i++)
            sockets.TryTake("alice").ShouldBeTrue();
        sockets.TryTake("alice").ShouldBeFalse();
        await Should.ThrowAsync<NoRoomException>(() => sockets.TakeAsync("alice").AsTask());
        sockets.Return("mallory");
        await sockets.TakeAsync("alice");
    }

    [Fact]
    public async Task WhoHasManyIsNotMadeRoomForByClosingWhatSmallerOnesWaitWith()
    {
        var sockets = new SocketBudget(160);
        var asked = new List<string>();
        sockets.MakeRoom = isOf =>
        {
            asked.AddRange(((string[])["mallory", "alice", "bob"]).Where(name => isOf(name)));
            return false;
        };
        while (sockets.TryTake("mallory"))
        {
        }

        for (var i = 0; i < 10; i++)
            sockets.TryTake("alice").ShouldBeTrue();

        await Should.ThrowAsync<NoRoomException>(() => sockets.TakeAsync("mallory").AsTask());
        asked.ShouldBe(["mallory"]);
        for (var i = 0; i < 100; i++)
            await Should.ThrowAsync<NoRoomException>(() => sockets.TakeAsync("mallory").AsTask());
        asked.Count.ShouldBeLessThan(100, "nobody looks again for each request of a flood");
        asked.Clear();
        await Should.ThrowAsync<NoRoomException>(() => sockets.TakeAsync("bob").AsTask());
        asked.ShouldBe(["mallory", "alice", "bob"], "who has none may have any that waits");
    }

    [Fact]
    public async Task AFloodedInstanceLeavesItsNeighboursTheirIdleConnections()
    {
        var done = new TaskCompletionSource();
        await using var stuck = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await done.Task.WaitAsync(TimeSpan.FromSeconds(60));
            await connection.SendAsync("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        });
        await using var calm = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync(sockets: new SocketBudget(32));
        gateway.Lead(To("mallory", stuck.Port), To("alice", calm.Port));
        using var alice = gateway.Client("alice.localhost");
        using var mallory = gateway.Client("mallory.localhost");
        (await alice.GetStringAsync("/")).ShouldBe("ok");

        // The last two of 32 are not for who has many, and one is alice's.
        var held = Enumerable.Range(0, 29).Select(_ => mallory.GetAsync("/")).ToList();
        await AtRest.UntilAsync(() => stuck.Connections == 29);
        for (var i = 0; i < 3; i++)
        {
            using var refused = await mallory.GetAsync("/");
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        }

        (await alice.GetStringAsync("/")).ShouldBe("ok");
        calm.Connections.ShouldBe(1);
        done.SetResult();
        await Task.WhenAll(held);
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
