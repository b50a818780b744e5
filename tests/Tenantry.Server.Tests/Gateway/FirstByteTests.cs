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

        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        FirstByte? first;
        do
        {
            first = (await gateway.Engine.Reports.Reader.ReadAsync(late.Token)).FirstByte;
        }
        while (first is null);
        first.InstanceId.ShouldBe("id-alice");
        // From the wake's begin, less the platform's part that the engine told.
        first.Wake.AppSeconds.ShouldBeInRange(AppTime.TotalSeconds - 0.015, 30);
        first.Wake.PlatformSeconds.ShouldBe(0.01);
    }
}
