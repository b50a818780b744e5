using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Tests.Serving;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Connections to apps that speak HTTP/2 which no request is on.</summary>
public class H2cIdleTests
{
    private readonly ConcurrentDictionary<string, byte> connections = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource finish = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static (string Host, Route Route) To(string slug, int port) =>
        (slug + ".localhost", new Route(slug, slug, slug, RouteState.Open, new Endpoint("127.0.0.1", port)) { SpeaksHttp2 = true });

    // Says what connection a request came by; one for /long goes on until it is told to end.
    private Task<AppUpstream> AppAsync() => AppUpstream.StartAsync(
        async context =>
        {
            connections[context.Connection.Id] = 0;
            await context.Response.WriteAsync(context.Connection.Id);
            if (context.Request.Path != "/long")
                return;
            await context.Response.Body.FlushAsync();
            await finish.Task.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync(" and the rest");
        },
        HttpProtocols.Http2);

    [Fact]
    public async Task AnIdleOneIsClosedForOneThatIsNeededAndOneInUseIsNot()
    {
        await using var app = await AppAsync();
        await using var gateway = await TestGateway.StartAsync(sockets: new SocketBudget(3));
        var names = (string[])["bob", "carol", "dave", "erin", "bob", "carol"];
        gateway.Lead([To("alice", app.Port), .. names.Distinct().Select(name => To(name, app.Port))]);
        using var alice = gateway.Client();
        using var under = await alice.GetAsync("/long", HttpCompletionOption.ResponseHeadersRead);

        foreach (var name in names)
        {
            using var client = gateway.Client(name + ".localhost");
            using var answer = await client.PostAsync("/", new StringContent("x"));
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, name);
        }

        connections.Count.ShouldBe(7, "each came by a connection of its own");
        finish.SetResult();
        (await under.Content.ReadAsStringAsync()).ShouldEndWith(" and the rest");
    }

    [Fact]
    public async Task TheyAreClosedWhenTheirInstanceRestsAndARequestAfterItsWakeComesByANewOne()
    {
        await using var app = await AppAsync();
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(To("alice", app.Port), To("bob", app.Port));
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");
        var (first, other) = (await alice.GetStringAsync("/"), await bob.GetStringAsync("/"));
        (await alice.GetStringAsync("/")).ShouldBe(first);

        await RestAsync(gateway, "alice");

        (await alice.PostAsync("/", new StringContent("x"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await alice.GetStringAsync("/")).ShouldNotBe(first);
        (await bob.GetStringAsync("/")).ShouldBe(other, "it does not rest");
    }

    [Fact]
    public async Task WhatIsUnderWayAsAnInstanceRestsGoesOn()
    {
        await using var app = await AppAsync();
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(To("alice", app.Port));
        using var client = gateway.Client();
        using var under = await client.GetAsync("/long", HttpCompletionOption.ResponseHeadersRead);
        gateway.GateOf("alice").BecomeStream();

        await RestAsync(gateway, "alice");

        finish.SetResult();
        (await under.Content.ReadAsStringAsync()).ShouldEndWith(" and the rest");
        gateway.GateOf("alice").EndStream();
    }

    // As the engine says it, once the gateway has seen the end of what was answered; the next order is answered when this one is done.
    private static async Task RestAsync(TestGateway gateway, string id)
    {
        await Waiting.ForAsync(() => gateway.GateOf(id).Requests == 0);
        foreach (var order in (GateOrder[])[new(GateOrderKind.Close, id, 1), new(GateOrderKind.Rested, id), new(GateOrderKind.Close, "other", 2, Force: true)])
            gateway.Engine.Orders.Writer.TryWrite(order);
        await AtRest.UntilAsync(async () => (await gateway.Engine.Reports.Reader.ReadAsync()).Reply?.Ticket == 2);
    }
}
