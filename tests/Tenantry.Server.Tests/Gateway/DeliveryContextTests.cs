using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>How long an app's answer to a stored webhook is listened to.</summary>
public sealed class DeliveryContextTests
{
    private static readonly StoredWebhook Webhook = new("one", default, default, "POST", "http", "/hooks/x", "alice.localhost", null, [], [1]);
    private readonly ManualTime time = new();

    [Fact]
    public void OneThatHasNotAnsweredIsNotEndedHere()
    {
        using var context = new DeliveryContext(Webhook, TimeSpan.FromMinutes(5), time, CancellationToken.None);

        time.Advance(TimeSpan.FromHours(1));

        context.Http.RequestAborted.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public void AnAnswerThatFallsSilentIsEndedAfterAMinute()
    {
        using var context = new DeliveryContext(Webhook, TimeSpan.FromMinutes(5), time, CancellationToken.None);
        context.Http.Response.StatusCode = 200;

        time.Advance(TimeSpan.FromSeconds(59));
        context.Http.RequestAborted.IsCancellationRequested.ShouldBeFalse();

        time.Advance(TimeSpan.FromSeconds(1));
        context.Http.RequestAborted.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public async Task AnAnswerThatGoesOnAndOnIsEndedAfterItsTime()
    {
        using var context = new DeliveryContext(Webhook, TimeSpan.FromMinutes(5), time, CancellationToken.None);
        context.Http.Response.StatusCode = 200;

        for (var i = 0; i < 9; i++)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            await context.Http.Response.BodyWriter.WriteAsync("piece"u8.ToArray());
        }

        context.Http.RequestAborted.IsCancellationRequested.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(30));
        context.Http.RequestAborted.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public void AStopThatIsOverEndsIt()
    {
        using var stop = new CancellationTokenSource();
        using var context = new DeliveryContext(Webhook, TimeSpan.FromMinutes(5), time, stop.Token);

        stop.Cancel();

        context.Http.RequestAborted.IsCancellationRequested.ShouldBeTrue();
    }
}
