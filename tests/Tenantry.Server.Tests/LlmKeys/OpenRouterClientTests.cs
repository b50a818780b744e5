using Tenantry.Model.Manifests;
using Tenantry.Server.LlmKeys;
using Tenantry.Server.LlmKeys.OpenRouter;

namespace Tenantry.Server.Tests.LlmKeys;

public sealed class OpenRouterClientTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private OpenRouterPeer _peer = null!;

    public async Task InitializeAsync() => _peer = await OpenRouterPeer.StartAsync();

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _peer.DisposeAsync();
    }

    [Fact]
    public async Task Defect1FiveDollarsNeverBecomeFiveHundred()
    {
        var minted = await Client().MintAsync(new KeyTerms("a", 5m, LlmReset.Monthly), default);
        var limited = await Client().LimitAsync(minted.Key.Hash, 12.50m, LlmReset.None, default);

        _peer.Requests.First().Body.ShouldBe("""{"name":"a","limit":5,"limit_reset":"monthly"}""");
        _peer.Requests.Last().Body.ShouldBe("""{"limit":12.50,"limit_reset":null}""");
        (minted.Key.Limit, minted.Key.Reset, limited.Limit, limited.Reset).ShouldBe((5m, LlmReset.Monthly, 12.50m, LlmReset.None));
        minted.Text.ShouldBe(_peer.Keys.ShouldHaveSingleItem().Text);
        minted.ToString().ShouldNotContain(minted.Text);
    }

    [Fact]
    public async Task Defect3AllPagesAreReadAndDisabledKeysAreAmongThem()
    {
        _peer.AddStrangers(250);
        _peer.Keys[3].Disabled = true;

        var keys = await Client().ListAsync(default);

        keys.Select(key => key.Hash).ShouldBe(_peer.Keys.Select(key => key.Hash), ignoreOrder: true);
        keys.Single(key => key.Hash == _peer.Keys[3].Hash).Disabled.ShouldBeTrue();
    }

    [Fact]
    public async Task NoKeyIsPassedOverWhenOthersAreDeletedBetweenTwoPages()
    {
        _peer.AddStrangers(250);
        var last = _peer.Keys[0];
        var pages = 0;
        _peer.Before = _ =>
        {
            // Those that were shown on the first page go, so that everything behind moves forward.
            if (++pages == 2)
                foreach (var key in _peer.Keys.Reverse().Take(9))
                    _peer.Remove(key.Hash);
            return null;
        };

        var keys = await Client().ListAsync(default);

        _peer.Keys.Select(key => key.Hash).Except(keys.Select(key => key.Hash), StringComparer.Ordinal).ShouldBeEmpty();
        keys.ShouldContain(key => key.Hash == last.Hash);
    }

    [Theory]
    [InlineData(401, "Invalid", null, LlmFault.WrongManagementKey)]
    [InlineData(402, "Insufficient credits", "openrouter_credits", LlmFault.OutOfCredit)]
    [InlineData(402, "Insufficient credits", null, LlmFault.OutOfCredit)]
    [InlineData(402, "Key limit", "openrouter_key_limit", LlmFault.KeyCap)]
    [InlineData(403, "Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys", null, LlmFault.KeyCap)]
    [InlineData(403, "Not a management key", null, LlmFault.Forbidden)]
    [InlineData(404, "Key not found", null, LlmFault.Gone)]
    [InlineData(400, "limit must be a number", null, LlmFault.Refused)]
    [InlineData(429, "Slow down", null, LlmFault.TooManyRequests)]
    [InlineData(500, "Internal", null, LlmFault.Unavailable)]
    [InlineData(503, "Maintenance", null, LlmFault.Unavailable)]
    public async Task ErrorAnswersAreToldApart(int status, string message, string? source, LlmFault fault)
    {
        _peer.Before = _ => PeerFault.Error(status, message, source, retryAfter: status == 429 ? "3600" : null);

        var failure = await Client().LimitAsync("h", 1, LlmReset.None, default).ShouldThrowAsync<LlmProviderException>();

        failure.Fault.ShouldBe(fault, failure.Message);
        failure.Message.ShouldContain(message);
        failure.Message.ShouldNotContain(OpenRouterPeer.ManagementKey);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(401)]
    [InlineData(302)]
    [InlineData(200)]
    public async Task APageOfSomebodyElseNeverMeansThatAKeyIsGone(int status)
    {
        _peer.Before = _ => PeerFault.Page(status);

        foreach (var ask in (Func<Task>[])[() => Client().FindAsync("h", default), () => Client().DeleteAsync("h", default), () => Client().ListAsync(default)])
            (await ask.ShouldThrowAsync<LlmProviderException>()).Fault.ShouldBe(LlmFault.Unavailable);
    }

    [Fact]
    public async Task AServerErrorACutConnectionAndSilenceNeverMeanThatAKeyIsGone()
    {
        var key = _peer.Add("a", 5, "monthly");
        foreach (var (fault, patience) in ((PeerFault, TimeSpan)[])[(PeerFault.Error(500), Patience), (PeerFault.Error(502), Patience), (PeerFault.Cut, Patience), (PeerFault.Hang, TimeSpan.FromMilliseconds(200))])
        {
            _peer.Before = _ => fault;
            (await ((Func<Task>)(() => Client(patience).FindAsync(key.Hash, default))).ShouldThrowAsync<LlmProviderException>()).Fault.ShouldBe(LlmFault.Unavailable);
        }

        _peer.Before = _ => null;
        (await Client().FindAsync(key.Hash, default)).ShouldNotBeNull().Name.ShouldBe("a");
        (await Client().FindAsync("another", default)).ShouldBeNull();
    }

    [Fact]
    public async Task WhatCanBeRepeatedIsRepeatedAndAKeyIsNeverAskedForTwice()
    {
        var key = _peer.Add("a", 5, "monthly");
        _peer.Before = request => request.Number <= 2 ? PeerFault.Error(503) : null;
        (await Client().LimitAsync(key.Hash, 6, LlmReset.Monthly, default)).Limit.ShouldBe(6);
        _peer.Requests.Count.ShouldBe(3);

        // It was made, and the answer was lost: a second one would be nobody's.
        _peer.After = _ => PeerFault.Error(500);
        (await ((Func<Task>)(() => Client().MintAsync(new KeyTerms("b", 5, LlmReset.Monthly), default))).ShouldThrowAsync<LlmProviderException>()).Fault.ShouldBe(LlmFault.Unavailable);
        _peer.Requests.Count(request => request.Method == "POST").ShouldBe(1);
        _peer.Keys.Count(one => one.Name == "b").ShouldBe(1);
    }

    [Fact]
    public async Task AfterTooManyRequestsItComesBackWhenItIsTold()
    {
        var begin = TimeProvider.System.GetTimestamp();
        _peer.Before = request => request.Number == 1 ? PeerFault.Error(429, retryAfter: "1") : null;

        (await Client().MintAsync(new KeyTerms("b", 5, LlmReset.Monthly), default)).Key.Name.ShouldBe("b");

        TimeProvider.System.GetElapsedTime(begin).ShouldBeGreaterThan(TimeSpan.FromSeconds(0.9));
        _peer.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task WhoAsksToBeLeftAloneForLongIsLeftAlone()
    {
        _peer.Before = _ => PeerFault.Error(429, retryAfter: "600");

        var failure = await ((Func<Task>)(() => Client().ListAsync(default))).ShouldThrowAsync<LlmProviderException>();

        (failure.Fault, failure.RetryAfter).ShouldBe((LlmFault.TooManyRequests, TimeSpan.FromMinutes(10)));
        _peer.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task AnAnswerThatQuotesAKeyIsNotRepeated()
    {
        _peer.Before = _ => PeerFault.Error(400, "bad key sk-or-v1-abcdef\u001b[31m");

        var failure = await ((Func<Task>)(() => Client().ListAsync(default))).ShouldThrowAsync<LlmProviderException>();

        failure.Message.ShouldNotContain("abcdef");
        failure.Message.Any(char.IsControl).ShouldBeFalse();
    }

    private OpenRouterClient Client(TimeSpan? patience = null) =>
        new(_http, new Uri(_peer.BaseUrl), OpenRouterPeer.ManagementKey, "", OpenRouterRetries.Of(TimeProvider.System, patience ?? Patience), TimeProvider.System);
}
