using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Server.Events;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Api;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Routes over the real store, which can be taken away.</summary>
public class RouteFeedTests
{
    private sealed class Following : IAsyncDisposable
    {
        private readonly ChangeFeed changes;
        private readonly InstanceIndex index;
        private readonly RouteFeed feed;

        private Following(IStore store, FakeEngine engine, string file, TimeProvider time)
        {
            changes = new ChangeFeed(store, engine, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
            index = new InstanceIndex(store, () => "this-1");
            feed = new RouteFeed(Routes, index, changes, "localhost", file, time, NullLogger<RouteFeed>.Instance);
        }

        public Routes Routes { get; } = new();

        public bool IsIndexed => index.IsLoaded;

        public bool IsWhole => feed.IsWhole;

        public static async Task<Following> StartAsync(IStore store, FakeEngine engine, string file, TimeProvider? time = null)
        {
            var following = new Following(store, engine, file, time ?? TimeProvider.System);
            if (time is BuildTime build)
                build.Asked = () => build.Seen.Add((following.IsIndexed, following.IsWhole, following.Routes.Table.Hosts.Count));
            await following.changes.StartAsync(CancellationToken.None);
            await following.feed.StartAsync(CancellationToken.None);
            await following.feed.Loaded.WaitAsync(TimeSpan.FromSeconds(60));
            return following;
        }

        public async ValueTask DisposeAsync()
        {
            await feed.StopAsync(CancellationToken.None);
            await changes.StopAsync(CancellationToken.None);
            feed.Dispose();
            changes.Dispose();
        }
    }

    /// <summary>Is asked between a table's being built and its taking its place.</summary>
    private sealed class BuildTime : TimeProvider
    {
        public Action? Asked { get; set; }

        public List<(bool Indexed, bool Whole, int Hosts)> Seen { get; } = [];

        public override DateTimeOffset GetUtcNow()
        {
            Asked?.Invoke();
            return base.GetUtcNow();
        }
    }

    private static RouteState? State(Following following, string slug) => following.Routes.Table.Find($"{slug}.localhost")?.State;

    [Fact]
    public async Task ARouteCarriesTheLimitsOfItsTier()
    {
        using var folder = new TestFolder();
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.ApplyAsync(TestApi.Manifest.Replace("free: {}", "free: { requests: { concurrency: 3, rate: 5/m } }", StringComparison.Ordinal));
        await api.AddAsync("alice");
        await using var following = await Following.StartAsync(api.Store, api.Engine, Path.Combine(folder.Root, "routes.json"));

        var limits = following.Routes.Table.Find("alice.localhost")!.Limits!;

        limits.Concurrency.ShouldBe(3);
        limits.Rate!.Count.ShouldBe(5);
    }

    [Fact]
    public async Task RoutesThatDoNotChangeAreSavedAgainSoThatTheirAgeIsTheirs()
    {
        using var folder = new TestFolder();
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        var file = Path.Combine(folder.Root, "routes.json");
        var time = new ManualTime();
        await using var following = await Following.StartAsync(api.Store, api.Engine, file, time);
        var start = time.GetUtcNow();

        await Waiting.ForAsync(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return File.Exists(file) && (await RouteFile.LoadAsync(file, CancellationToken.None))!.At >= start.AddMinutes(10);
        });

        (await RouteFile.LoadAsync(file, CancellationToken.None))!.Hosts.Keys.ShouldContain("alice.localhost");
    }

    [Fact]
    public async Task ATargetThatAnotherEngineAdoptsTakesItsInstancesWithItAndBringsThemBack()
    {
        using var folder = new TestFolder();
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.Store.SettleTargetAsync("local", "this-1", replace: true, CancellationToken.None);
        await using var following = await Following.StartAsync(api.Store, api.Engine, Path.Combine(folder.Root, "routes.json"));
        await Waiting.ForAsync(() => State(following, "alice") == RouteState.Starting);

        await api.Store.SettleTargetAsync("local", "other-1", replace: true, CancellationToken.None);
        await Waiting.ForAsync(() => State(following, "alice") == RouteState.Elsewhere);
        following.Routes.Table.Find("alice.localhost")!.Elsewhere.ShouldBe("other-1");

        await api.Store.SettleTargetAsync("local", "this-1", replace: true, CancellationToken.None);
        await Waiting.ForAsync(() => State(following, "alice") == RouteState.Starting);
    }

    [Fact]
    public async Task RoutesAreWholeOnlyOnceTheTableOfTheStoreIsInItsPlace()
    {
        using var folder = new TestFolder();
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        var time = new BuildTime();

        await using var following = await Following.StartAsync(api.Store, api.Engine, Path.Combine(folder.Root, "routes.json"), time);

        time.Seen[0].ShouldBe((true, false, 0), "the instances are read, and no route leads to them yet");
        following.IsWhole.ShouldBeTrue();
        State(following, "alice").ShouldNotBeNull();
    }

    [Theory]
    [InlineData("8080", false)]
    [InlineData("8080/h2c", true)]
    [InlineData("8080, 50051/h2c", false)]
    public async Task ARouteKnowsWhatTheEntryPortSpeaks(string ports, bool speaksHttp2)
    {
        using var folder = new TestFolder();
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.ApplyAsync(TestApi.Manifest.Replace("ports: [8080]", $"ports: [{ports}]", StringComparison.Ordinal));
        await api.AddAsync("alice");
        await using var following = await Following.StartAsync(api.Store, api.Engine, Path.Combine(folder.Root, "routes.json"));

        following.Routes.Table.Find("alice.localhost")!.SpeaksHttp2.ShouldBe(speaksHttp2);
    }

    [Fact]
    public async Task RoutesFollowWhatWasSeen()
    {
        using var folder = new TestFolder();
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await using var following = await Following.StartAsync(api.Store, api.Engine, Path.Combine(folder.Root, "routes.json"));
        State(following, "alice").ShouldBe(RouteState.Starting);

        await api.SeeAsync("alice", InstancePhase.Asleep);
        await Waiting.ForAsync(() => State(following, "alice") == RouteState.Resting);
        await api.AddAsync("bob");
        await Waiting.ForAsync(() => State(following, "bob") == RouteState.Starting);

        var record = (await api.Store.FindInstanceBySlugAsync("alice", CancellationToken.None))!;
        var lease = (await api.Store.TryAcquireLeaseAsync(record.Spec.Id, "test", TimeSpan.FromMinutes(1), CancellationToken.None))!;
        await api.Store.RemoveInstanceAsync(record.Spec.Id, lease, CancellationToken.None);
        await Waiting.ForAsync(() => State(following, "alice") is null);
        State(following, "bob").ShouldBe(RouteState.Starting);
    }

    [Fact]
    public async Task TheLastGoodRoutesStayWhileTheStoreIsAway()
    {
        using var folder = new TestFolder();
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        var (store, away) = AwayStore.InFrontOf(api.Store);
        await using var following = await Following.StartAsync(store, api.Engine, Path.Combine(folder.Root, "routes.json"));

        away.IsAway = true;
        await api.SeeAsync("alice", InstancePhase.Asleep);
        api.Engine.Tell();
        State(following, "alice").ShouldBe(RouteState.Starting);
        away.IsAway = false;

        await Waiting.ForAsync(() => State(following, "alice") == RouteState.Resting);
    }

    [Fact]
    public async Task AGatewayThatStartsWithoutStoreAndEngineServesWhatItServedBefore()
    {
        using var folder = new TestFolder();
        var file = Path.Combine(folder.Root, "gateway", "routes.json");
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await using (var before = await Following.StartAsync(api.Store, api.Engine, file))
        {
            await api.SeeAsync("alice", InstancePhase.Failed);
            await Waiting.ForAsync(() => File.Exists(file) && File.ReadAllText(file).Contains("\"Failed\"", StringComparison.Ordinal));
        }

        var (store, away) = AwayStore.InFrontOf(api.Store);
        away.IsAway = true;
        await using var after = await Following.StartAsync(store, new FakeEngine { IsAway = true }, file);

        State(after, "alice").ShouldBe(RouteState.Failed);
        after.Routes.Table.Find("alice.localhost")!.Tenant.ShouldBe("alice");
        after.Routes.ConfirmedAt.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"at\":")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"at\":\"2026-11-28T12:00:00+00:00\",\"hosts\":null}")]
    [InlineData("{\"at\":\"2026-11-28T12:00:00+00:00\",\"hosts\":{\"a.localhost\":null}}")]
    [InlineData("{\"at\":\"2026-11-28T12:00:00+00:00\",\"hosts\":{\"a.localhost\":{\"slug\":\"a\"}}}")]
    [InlineData("a folder")]
    public async Task AFileThatIsNotWholeIsNoFileAndTheGatewayStartsAllTheSame(string content)
    {
        using var folder = new TestFolder();
        var file = Path.Combine(folder.Root, "routes.json");
        if (content == "a folder")
            Directory.CreateDirectory(file);
        else
            await File.WriteAllTextAsync(file, content);
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        await using var following = await Following.StartAsync(api.Store, api.Engine, file);

        await Waiting.ForAsync(() => State(following, "alice") == RouteState.Starting);
    }

    [Fact]
    public async Task WhatIsSavedIsReadBackAsItWas()
    {
        using var folder = new TestFolder();
        var file = Path.Combine(folder.Root, "deep", "routes.json");
        var route = new Route("id", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", 80, 77, "/run/netns/x"));

        await RouteFile.SaveAsync(file, new SavedRoutes(DateTimeOffset.UnixEpoch, new Dictionary<string, Route>(StringComparer.Ordinal) { ["alice.localhost"] = route }), CancellationToken.None);
        var saved = (await RouteFile.LoadAsync(file, CancellationToken.None))!;

        saved.At.ShouldBe(DateTimeOffset.UnixEpoch);
        saved.Hosts["alice.localhost"].ShouldBe(route);
        saved.Hosts["alice.localhost"].Upstream.ShouldBe(route.Upstream);
        Directory.GetFiles(Path.GetDirectoryName(file)!).ShouldBe([file]);
    }

    [Fact]
    public async Task RoutesThatAnEarlierVersionSavedAreReadWithTheDefaultsOfWhatItDidNotKnow()
    {
        using var folder = new TestFolder();
        var file = Path.Combine(folder.Root, "routes.json");
        await File.WriteAllTextAsync(file, """
            {"at":"2026-11-28T12:00:00+00:00","hosts":{"a.localhost":{"instanceId":"a","slug":"a","tenant":"a","state":"Open"},
            "b.localhost":{"instanceId":"b","slug":"b","tenant":"b","state":"Open","rules":{"timeoutSeconds":5,"ignore":[],"waitingPage":true,"buffer":1}}}}
            """);

        var saved = (await RouteFile.LoadAsync(file, CancellationToken.None))!;

        saved.Hosts["a.localhost"].Rules.ShouldBe(WakeRules.Default);
        saved.Hosts["b.localhost"].Rules.WebhookFor("POST", "/x").ShouldBeNull();
    }
}
