using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Tests.Serving;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>What a gateway tells the engine of the end of a wake.</summary>
public sealed class FirstByteTests : IDisposable
{
    private static readonly TimeSpan AppTime = TimeSpan.FromMilliseconds(60);
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("/")]
    [InlineData("/hooks/x")]
    public async Task WhoBeganAWakeTellsHowLongTheAppTookAlsoWhenItIsAStoredWebhook(string path)
    {
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            await Task.Delay(AppTime);
            await context.Response.WriteAsync("there");
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Rules with { Webhooks = [new WebhookRule("/hooks/*", 1000, 3600)] });
        using var client = gateway.Client();

        using var answer = await client.PostAsync(path, new StringContent("x"));

        var first = await NextAsync(gateway);
        first.InstanceId.ShouldBe("id-alice");
        // From the wake's begin, less the platform's part that the engine told.
        first.Wake.AppSeconds.ShouldBeInRange(AppTime.TotalSeconds - 0.015, 30);
        first.Wake.PlatformSeconds.ShouldBe(0.01);
    }

    [Fact]
    public async Task WhatTheGatewayAnswersForAnAppThatGaveNoneIsNotItsFirstByte()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("there"));
        await using var dying = RawUpstream.Start((connection, _) => connection.ReadUntilAsync("\r\n\r\n"));
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (id, _) => Task.FromResult(AwakeAt(id == "id-alice" ? dying.Port : app.Port));
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");

        LeadToRest(gateway);
        using (var none = await alice.PostAsync("/", new StringContent("x")))
            none.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        LeadToRest(gateway, slug: "bob");
        (await bob.GetStringAsync("/")).ShouldBe("there");

        (await NextAsync(gateway)).InstanceId.ShouldBe("id-bob", "of alice's wake there was no byte of the app");
    }

    private static async Task<FirstByte> NextAsync(TestGateway gateway)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            if ((await gateway.Engine.Reports.Reader.ReadAsync(late.Token)).FirstByte is { } first)
                return first;
        }
    }
}
