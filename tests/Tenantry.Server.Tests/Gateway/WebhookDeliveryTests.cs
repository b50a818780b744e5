using System.Net;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Tests.Serving;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>What stands in the way of delivering stored webhooks.</summary>
public sealed class WebhookDeliveryTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task OneOfAnInstanceWhoseRouteComesJustWhenAllRoutesAreThereIsNotForgotten()
    {
        await using var gateway = await TestGateway.StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        new WebhookBox(folder.Data, TimeProvider.System).Store("id-alice", new StoredWebhook("one", now, now.AddHours(1), "POST", "http", "/hooks/x", "alice.localhost", null, [], [1])).ShouldBeTrue();
        var arrived = new TaskCompletionSource();
        await using var app = await AppUpstream.StartAsync(context =>
        {
            arrived.TrySetResult();
            return Task.CompletedTask;
        });

        await gateway.KeepWebhooksAsync(folder.Data, () =>
        {
            gateway.Lead(app.Port);
            return true;
        });

        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task TheyAreDeliveredOnceWhatIsInTheWayOfTheirFolderIsGone()
    {
        var arrived = new TaskCompletionSource();
        await using var app = await AppUpstream.StartAsync(context =>
        {
            arrived.TrySetResult();
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        // No file can be made of that name, as on a full disk.
        var inTheWay = Directory.CreateDirectory(Path.Combine(folder.Data, ".lock")).FullName;
        await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Rules with { Webhooks = [new WebhookRule("/hooks/*", 1000, 3600)] });
        using var client = gateway.Client();
        using (var answer = await client.PostAsync("/hooks/x", new StringContent("one")))
            answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);

        Directory.Delete(inTheWay);

        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }
}
