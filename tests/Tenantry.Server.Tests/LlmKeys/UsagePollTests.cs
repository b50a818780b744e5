using Tenantry.Model.Llm;

namespace Tenantry.Server.Tests.LlmKeys;

public sealed class UsagePollTests
{
    [Fact]
    public async Task WhatAKeyHasSpentIsStoredAndEachThresholdIsTold()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var key = await bench.SingleAsync(alice);
        var told = new List<string>();

        foreach (var (spent, percent) in ((decimal, int)[])[(0m, 0), (2.499999m, 49), (2.5m, 50), (3.9m, 78), (4m, 80), (4.01m, 80), (5m, 100), (5.2m, 100), (0.1m, 2), (2.6m, 52)])
        {
            key.Spent = spent;
            told.AddRange(await LookAsync(bench));
            var usage = (await bench.KeyAsync(alice.Id)).Usage.ShouldNotBeNull();
            (usage.Monthly, usage.Remaining, usage.Percent).ShouldBe((spent, 5 - spent, percent));
        }

        told.ShouldBe(["used-50", "used-80", "used-100", "used-50"], "after the reset they are told anew");
    }

    [Fact]
    public async Task OneLookThatMeetsSeveralThresholdsTellsTheHighest()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        (await bench.SingleAsync(alice)).Spent = 4.5m;

        (await LookAsync(bench)).ShouldBe(["used-80"]);
    }

    [Fact]
    public async Task AProviderThatDoesNotAnswerChangesNothing()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        await LookAsync(bench);
        var before = await bench.KeyAsync(alice.Id);

        foreach (var fault in (PeerFault[])[PeerFault.Error(500), PeerFault.Page(404), PeerFault.Error(401)])
        {
            bench.Peer.Before = _ => fault;
            await Should.ThrowAsync<Server.LlmKeys.LlmProviderException>(() => LookAsync(bench));
        }

        (await bench.KeyAsync(alice.Id)).ShouldBe(before);
    }

    [Fact]
    public async Task AKeyThatSomebodyDeletedAtTheProviderIsMadeAnew()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var gone = await bench.SingleAsync(alice);
        bench.Peer.Remove(gone.Hash);

        (await LookAsync(bench)).ShouldBe(["differs"]);
        await bench.SettleAsync(alice.Id);

        (await bench.SingleAsync(alice)).Hash.ShouldNotBe(gone.Hash);
        (await LookAsync(bench)).ShouldBeEmpty();
    }

    [Fact]
    public async Task ALimitThatSomebodyRaisedAtTheProviderAndADoubleThatNobodyOwnsAreMended()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var key = await bench.SingleAsync(alice);
        for (var round = 0; round < 2; round++)
        {
            key.Limit = 500;
            bench.Peer.Add(key.Name, 500, "monthly");

            (await LookAsync(bench)).ShouldBe(["differs"], "also when it was mended before");
            await bench.SettleAsync(alice.Id);

            (await bench.SingleAsync(alice)).Limit.ShouldBe(5);
            bench.Peer.Keys.Count.ShouldBe(1);
        }
    }

    // What was left of the limit before was held against the new one: a key that had spent nothing was 37 % used.
    [Fact]
    public async Task ALimitThatIsRaisedSpendsNothing()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        await LookAsync(bench);

        await bench.ChangeAsync(alice.Id, spec => spec with { Llm = spec.Llm with { Limit = 8 } });
        await bench.SettleAsync(alice.Id);

        (await bench.SingleAsync(alice)).Limit.ShouldBe(8);
        (await bench.KeyAsync(alice.Id)).Usage.ShouldNotBeNull().Percent.ShouldBe(0);
    }

    // No limit was read as a limit of 0.
    [Fact]
    public async Task ALimitThatSomebodyTookAwayAtTheProviderIsNoLimitAndTellsNoThresholdUntilItIsMended()
    {
        await using var bench = await KeyBench.StartAsync();
        var alice = await bench.RunningAsync("alice");
        var key = await bench.SingleAsync(alice);
        (key.Limit, key.Spent) = (null, 7);

        (await LookAsync(bench)).ShouldBe(["differs"]);
        var (made, usage) = await bench.KeyAsync(alice.Id);
        (usage!.Remaining, usage.Told, usage.Percent, made.Limit).ShouldBe(((decimal?)null, 0, 0, 5m));
        bench.Peer.Before = request => request.Method == "PATCH" ? PeerFault.Error(500) : null;
        await bench.Bench.PassAsync(alice.Id);
        (await bench.KeyAsync(alice.Id)).Key.Limit.ShouldBeNull("that is what the provider says");
        (await bench.Keys.PlanAsync(alice, default)).ShouldHaveSingleItem().Why.ShouldBe("at most $5 monthly, before: without a limit");

        bench.Peer.Before = _ => null;
        await bench.SettleAsync(alice.Id);

        (await bench.SingleAsync(alice)).Limit.ShouldBe(5);
        (await LookAsync(bench)).ShouldBe(["used-100"]);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(49, 0)]
    [InlineData(50, 50)]
    [InlineData(79, 50)]
    [InlineData(80, 80)]
    [InlineData(99, 80)]
    [InlineData(100, 100)]
    public void AThresholdIsTheHighestThatWasReached(int percent, int threshold) => LlmUsage.Threshold(percent).ShouldBe(threshold);

    private static async Task<IReadOnlyList<string>> LookAsync(KeyBench bench)
    {
        var last = await bench.Store.LastChangeAsync(default);
        await bench.Poll.LookAsync((await bench.Store.FindLlmProviderAsync("openrouter", default))!, default);
        return [.. (await bench.Store.ListChangesAsync(last, 100, default)).Where(change => change.Kind == "llm-key").Select(change => change.Action)];
    }
}
