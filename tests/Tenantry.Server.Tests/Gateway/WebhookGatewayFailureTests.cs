using Microsoft.AspNetCore.Http;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>What the gateway itself, its disk or its clock does to stored webhooks.</summary>
public sealed class WebhookGatewayFailureTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly ManualTime time = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(422)]
    [InlineData(503)]
    public async Task OneThatIsNotToBeSentAgainIsNotSentWhileTheGatewayCannotTakeItAway(int status)
    {
        var asked = 0;
        await using var app = await AppUpstream.StartAsync(context =>
        {
            Interlocked.Increment(ref asked);
            context.Response.StatusCode = status;
            // Of one that is asked for another try the time is over just then.
            if (status == StatusCodes.Status503ServiceUnavailable)
                time.Leap(TimeSpan.FromHours(1));
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        UnwritablePlace.Put(folder.Data, "id-alice", Hook(UnwritablePlace.Id));
        // Nor can it be moved.
        var inTheWay = Path.Combine(folder.Data, "id-alice", "dead");
        await File.WriteAllTextAsync(inTheWay, "");
        var box = await gateway.KeepWebhooksAsync(folder.Data, time: time);

        await UntilAsync(() => box.Pauses.Has("id-alice"));
        var first = box.Pauses.Read("id-alice")!;
        (first.Id, first.Reason).ShouldBe((UnwritablePlace.Id, "it is not sent any more, and the gateway could not take it away; its log says how"));
        time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => box.Pauses.Read("id-alice")?.Until > first.Until);
        File.Delete(inTheWay);
        time.Advance(TimeSpan.FromSeconds(2));

        await UntilAsync(() => box.ListDead("id-alice").Count == 1 && !box.HasPending("id-alice"));
        Volatile.Read(ref asked).ShouldBe(1);
    }

    [Fact]
    public async Task OneThatCouldNotBeReadKeepsItsCountAndSaysThatTheGatewayFailed()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(port: 1);
        var box = new WebhookBox(folder.Data, time);
        box.Store("id-alice", Hook("one")).ShouldBeTrue();
        box.Pauses.Write("id-alice", new WebhookPause("one", "the app took it and did not answer in time", time.GetUtcNow(), 2));
        var path = box.ListPending("id-alice").Single();
        File.Delete(path);
        // It leads to itself: what reads it fails, as with a broken disk or too many open files.
        File.CreateSymbolicLink(path, path);

        await gateway.KeepWebhooksAsync(folder.Data, time: time);

        await UntilAsync(() => box.Pauses.Read("id-alice") == new WebhookPause("one", "the gateway failed; its log says how", time.GetUtcNow().AddSeconds(1), 2));
    }

    [Fact]
    public async Task AClockThatIsSetBackByAnHourHoldsThemUpNoLongerThanTheirPause()
    {
        var isBroken = true;
        await using var app = await AppUpstream.StartAsync(context =>
        {
            context.Response.StatusCode = Volatile.Read(ref isBroken) ? 503 : 200;
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        new WebhookBox(folder.Data, time).Store("id-alice", Hook("one")).ShouldBeTrue();
        var box = await gateway.KeepWebhooksAsync(folder.Data, time: time);
        await UntilAsync(() => box.Pauses.Has("id-alice"));

        time.Leap(TimeSpan.FromHours(-1));
        await UntilAsync(() => box.Pauses.Read("id-alice")?.Until == time.GetUtcNow().AddSeconds(1));
        Volatile.Write(ref isBroken, false);
        time.Advance(TimeSpan.FromSeconds(1));

        await UntilAsync(() => !box.HasPending("id-alice"));
    }

    private StoredWebhook Hook(string id) => new(id, time.GetUtcNow(), time.GetUtcNow().AddHours(1), "POST", "http", "/hooks/x", "alice.localhost", null, [], [1]);
}
