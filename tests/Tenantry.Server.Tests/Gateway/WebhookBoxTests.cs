using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

public sealed class WebhookBoxTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly ManualTime time = new();

    public void Dispose() => folder.Dispose();

    private StoredWebhook Hook(string id) => new(id, time.GetUtcNow(), time.GetUtcNow().AddHours(1), "POST", "http", "/hooks", "alice.localhost", null, [], "x"u8.ToArray());

    [Fact]
    public async Task OneThatACrashLeftBetweenMarkAndMoveIsInOnePlaceAndSaysWhy()
    {
        var box = new WebhookBox(folder.Data, time, new Dying());
        box.Store("i", Hook("a")).ShouldBeTrue();
        var path = box.ListPending("i").Single();

        await Should.ThrowAsync<DiedException>(() => box.BuryAsync("i", path, WebhookBox.Read(path)!, "the app refused it: 422", CancellationToken.None));

        box.ListDead("i").ShouldBeEmpty();
        WebhookBox.Read(box.ListPending("i").Single())!.Failure.ShouldBe("the app refused it: 422");
    }

    [Fact]
    public async Task DeadLettersGoAfterAMonthAndThereAreNoMoreOfThemThanMayWait()
    {
        var box = new WebhookBox(folder.Data, time);
        (await BuryAsync("a")).ShouldBe(0);
        time.Advance(TimeSpan.FromDays(31));
        (await BuryAsync("b")).ShouldBe(1);
        box.ListDead("i").ShouldHaveSingleItem().ShouldEndWith("-b.hook");

        var dead = Directory.CreateDirectory(Path.Combine(folder.Data, "i", "dead")).FullName;
        var now = time.GetUtcNow().UtcTicks;
        for (var i = 0; i < WebhookBox.MostPerInstance; i++)
            File.WriteAllText(Path.Combine(dead, $"{now - i:D20}-{i}.hook"), "x");
        (await BuryAsync("c")).ShouldBe(2, "the oldest");
        box.ListDead("i").Count.ShouldBe(WebhookBox.MostPerInstance);
        box.ListDead("i")[^1].ShouldEndWith("-c.hook");

        Task<int> BuryAsync(string id)
        {
            box.Store("i", Hook(id)).ShouldBeTrue();
            return box.BuryAsync("i", box.ListPending("i").Single(), Hook(id), "the app refused it: 401", CancellationToken.None);
        }
    }

    [Fact]
    public async Task OneWhoseReasonCannotBeWrittenDownIsADeadLetterAllTheSame()
    {
        var box = new WebhookBox(folder.Data, time);
        var path = UnwritablePlace.Put(folder.Data, "i", Hook(UnwritablePlace.Id));

        await box.BuryAsync("i", path, WebhookBox.Read(path)!, "the app refused it: 422", CancellationToken.None);

        box.ListPending("i").ShouldBeEmpty();
        WebhookBox.Read(box.ListDead("i").ShouldHaveSingleItem())!.Failure.ShouldBeNull();
    }

    [Fact]
    public async Task AReplayedOneWaitsBehindTheOthersAndIsNoDeadLetterAnyMore()
    {
        var box = new WebhookBox(folder.Data, time);
        box.Store("i", Hook("a"));
        await box.BuryAsync("i", box.ListPending("i").Single(), Hook("a"), "it was too old", CancellationToken.None);
        box.Store("i", Hook("b"));

        (await box.ReplayAsync("i", "a", CancellationToken.None)).ShouldBeTrue();

        box.ListPending("i").Select(path => WebhookBox.Read(path)!.Id).ShouldBe(["b", "a"]);
        WebhookBox.Read(box.ListPending("i")[1])!.Failure.ShouldBeNull();
        box.ListDead("i").ShouldBeEmpty();
        (await box.ReplayAsync("i", "a", CancellationToken.None)).ShouldBeFalse();
    }

    [Fact]
    public async Task OneThatIsReplayedTwiceLivesNoLongerThanTheFirstTime()
    {
        var box = new WebhookBox(folder.Data, time);
        var hook = Hook("a");
        box.Store("i", hook);
        for (var again = 0; again < 2; again++)
        {
            var path = box.ListPending("i").Single();
            await box.BuryAsync("i", path, WebhookBox.Read(path)!, "it was too old", CancellationToken.None);
            time.Advance(TimeSpan.FromHours(1));
            (await box.ReplayAsync("i", "a", CancellationToken.None)).ShouldBeTrue();
        }

        var replayed = WebhookBox.Read(box.ListPending("i").Single())!;
        (replayed.ExpiresAt - time.GetUtcNow()).ShouldBe(hook.ExpiresAt - hook.ReceivedAt);
        replayed.ReceivedAt.ShouldBe(hook.ReceivedAt);
    }

    [Fact]
    public async Task OneThatTwoPeopleReplayAtOnceWaitsOnce()
    {
        // Of two processes, as the gateway's and the API's may be.
        WebhookBox[] boxes = [new WebhookBox(folder.Data, TimeProvider.System), new WebhookBox(folder.Data, TimeProvider.System)];
        for (var round = 0; round < 20; round++)
        {
            var id = $"a{round}";
            boxes[0].Store("i", Hook(id)).ShouldBeTrue();
            await boxes[0].BuryAsync("i", boxes[0].ListPending("i").Single(), Hook(id), "it was too old", CancellationToken.None);

            var replayed = await Task.WhenAll(boxes.Select(box => Task.Run(() => box.ReplayAsync("i", id, CancellationToken.None))));

            replayed.Count(yes => yes).ShouldBe(1);
            WebhookBox.Remove(boxes[0].ListPending("i").ShouldHaveSingleItem());
            boxes[0].ListDead("i").ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task OneThatIsDroppedWhileItIsDeliveredIsNoDeadLetterAfterwards()
    {
        var box = new WebhookBox(folder.Data, time);
        box.Store("i", Hook("a")).ShouldBeTrue();
        var path = box.ListPending("i").Single();
        var delivered = WebhookBox.Read(path)!;

        (await new WebhookBox(folder.Data, time).DropAsync("i", "a", CancellationToken.None)).ShouldBeTrue();
        (await box.BuryAsync("i", path, delivered, "the app refused it: 422", CancellationToken.None)).ShouldBe(0);

        box.ListPending("i").ShouldBeEmpty();
        box.ListDead("i").ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatAKilledGatewayHadNotPutInItsPlaceIsRemovedLaterByTheNextOne()
    {
        var box = new WebhookBox(folder.Data, TimeProvider.System);
        box.Store("i", Hook("a"));
        var left = box.ListPending("i").Single() + ".4711-3.new";
        await File.WriteAllTextAsync(left, "half of");

        (await box.HoldAsync(CancellationToken.None)).Dispose();
        File.Exists(left).ShouldBeTrue("somebody may be writing it");
        File.SetLastWriteTimeUtc(left, TimeProvider.System.GetUtcNow().AddMinutes(-5).UtcDateTime);
        (await box.HoldAsync(CancellationToken.None)).Dispose();

        File.Exists(left).ShouldBeFalse();
        box.ListPending("i").Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void WithoutTheVariableNothingIsKilled(string? value) => CrashAtWebhook.Read(value).ShouldBeNull();

    [Theory]
    [InlineData("x")]
    [InlineData("0")]
    [InlineData("create:3")]
    public void ABoundaryThatCannotBeReadEndsTheProgram(string value) => Should.Throw<FormatException>(() => CrashAtWebhook.Read(value)).Message.ShouldContain("a number from 1");

    private sealed class DiedException : Exception;

    // At the boundary after the one of the store.
    private sealed class Dying : IWebhookObserver
    {
        private int seen;

        public void Boundary()
        {
            if (++seen == 2)
                throw new DiedException();
        }
    }
}
