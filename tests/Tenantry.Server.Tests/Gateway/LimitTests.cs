using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

public class LimitTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static (string Host, Route Route) To(string slug, int port, RequestLimits? limits = null) =>
        (slug + ".localhost", new Route(slug, slug, slug, RouteState.Open, new Endpoint("127.0.0.1", port)) { Limits = limits });

    [Fact]
    public async Task MoreThanTheRateIsRefusedUntilTimeHasPassed()
    {
        var time = new ManualTime();
        await using var upstream = RawUpstream.Answering(Ok);
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(To("alice", upstream.Port, new() { Rate = new() { Count = 60, Per = TimeSpan.FromMinutes(1) }, Burst = 3 }), To("bob", upstream.Port));
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");

        for (var i = 0; i < 3; i++)
            (await alice.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var refused = await alice.GetAsync("/");
        (await bob.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        time.Advance(TimeSpan.FromSeconds(1));
        using var after = await alice.GetAsync("/");
        using var again = await alice.GetAsync("/");

        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.GetValues("Retry-After").ShouldBe(["1"]);
        after.StatusCode.ShouldBe(HttpStatusCode.OK);
        again.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task MoreAtOnceThanTheTierHasAreRefusedAndOthersAreNotSlowed()
    {
        var done = new TaskCompletionSource();
        await using var stuck = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await done.Task.WaitAsync(Patience);
            await connection.SendAsync(Ok);
        });
        await using var well = RawUpstream.Answering(Ok);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(To("alice", stuck.Port, new() { Concurrency = 2 }), To("bob", well.Port, new() { Concurrency = 2 }));
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");

        var all = Enumerable.Range(0, 50).Select(_ => alice.GetAsync("/")).ToList();
        for (var i = 0; i < 20; i++)
            (await bob.GetStringAsync("/")).ShouldBe("ok");
        while (all.Count > 2)
        {
            var refused = await Task.WhenAny(all).WaitAsync(Patience);
            all.Remove(refused);
            (await refused).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await refused).Headers.GetValues("Retry-After").ShouldBe(["1"]);
        }

        done.SetResult();
        foreach (var answered in all)
            (await answered).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await alice.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 11\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: alice.localhost\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nghijk\r\n0\r\n\r\n")]
    public async Task ABodyThatIsTooLargeIsRefusedAndItsConnectionClosed(string request)
    {
        await using var upstream = RawUpstream.Start(async (connection, _) => await connection.ReadToEndAsync());
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(To("alice", upstream.Port, new() { BodySize = 10 }));
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync(request);

        var all = await client.ReadToEndAsync();
        all.ShouldStartWith("HTTP/1.1 413 ");
        all.ShouldContain("Connection: close");
        all.ShouldContain("\"code\":\"body-too-large\"");
    }

    [Fact]
    public async Task ABodyOfTheAllowedSizePasses()
    {
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("0123456789");
            await connection.SendAsync(Ok);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(To("alice", upstream.Port, new() { BodySize = 10 }));
        using var client = gateway.Client();

        (await client.PostAsync("/", new StringContent("0123456789"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task AnAnswerThatTakesTooLongInAllIsEnded()
    {
        var time = new ManualTime();
        var asked = new SemaphoreSlim(0);
        await using var upstream = RawUpstream.Start(async (connection, number) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            if (number == 2)
                await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun");
            asked.Release();
            await connection.ReadToEndAsync();
        });
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(To("alice", upstream.Port, new() { TotalTimeout = TimeSpan.FromSeconds(10) }));
        using var client = gateway.Client();

        var silent = client.GetAsync("/");
        (await asked.WaitAsync(Patience)).ShouldBeTrue();
        time.Advance(TimeSpan.FromSeconds(11));
        (await silent).StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);

        using var begun = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        time.Advance(TimeSpan.FromSeconds(11));
        await Should.ThrowAsync<Exception>(() => begun.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task AStreamOnWhichNothingMovesIsEndedAndOneThatMovesIsNot()
    {
        var time = new ManualTime();
        await using var upstream = RawUpstream.Start(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n");
            for (var i = 0; i < 3; i++)
                await connection.SendAsync("heard " + await connection.ReadUntilAsync("ping"));
            await connection.ReadToEndAsync();
        });
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(To("alice", upstream.Port, new() { IdleTimeout = TimeSpan.FromSeconds(10), TotalTimeout = TimeSpan.FromSeconds(15) }));
        await using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n");
        await client.ReadUntilAsync("\r\n\r\n");

        for (var i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(9));
            await client.SendAsync("ping");
            await client.ReadUntilAsync("heard ping");
        }

        time.Advance(TimeSpan.FromSeconds(11));
        (await client.ReadToEndAsync()).ShouldNotContain("heard");
    }

    [Theory]
    [InlineData("nowhere.localhost", 404)]
    [InlineData("gone.localhost", 502)]
    [InlineData("cut.localhost", 502)]
    [InlineData("large.localhost", 413)]
    [InlineData("busy.localhost", 429)]
    [InlineData("failed.localhost", 503)]
    public async Task EveryAnswerOfOurOwnIsAPageOrAProblemAndNamesNoInnerAddress(string host, int status)
    {
        await using var cut = RawUpstream.Start(async (connection, _) => await connection.ReadUntilAsync("\r\n\r\n"));
        await using var gateway = await TestGateway.StartAsync();
        var failed = To("failed", 1);
        gateway.Lead(
            To("gone", 1), To("cut", cut.Port), To("large", 1, new() { BodySize = 1 }),
            To("busy", 1, new() { Rate = new() { Count = 1, Per = TimeSpan.FromHours(1) } }), (failed.Host, failed.Route with { State = RouteState.Failed }));
        using var client = gateway.Client(host);
        if (status == 429)
            (await client.PostAsync("/", new StringContent("body"))).Dispose();

        foreach (var (accept, type) in new[] { ("text/html", "text/html"), ("application/json", "application/problem+json") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent("body"), Headers = { { "Accept", accept } } };
            using var answer = await client.SendAsync(request);
            ((int)answer.StatusCode).ShouldBe(status);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe(type);
            var text = $"{answer.Headers} {await answer.Content.ReadAsStringAsync()}";
            foreach (var inner in new[] { "127.0.0.1", cut.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "Socket", "Exception" })
                text.ShouldNotContain(inner);
            answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }
    }

    [Fact]
    public async Task LimitsAreKeptWithTheSavedRoutes()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("tenantry-limits-").FullName, "routes.json");
        var limits = new RequestLimits { Concurrency = 5, BodySize = 6, Rate = new() { Count = 7, Per = TimeSpan.FromHours(1) }, Burst = 8, IdleTimeout = TimeSpan.FromSeconds(9), TotalTimeout = TimeSpan.FromDays(1) };
        var (host, route) = To("alice", 80, limits);

        await RouteFile.SaveAsync(file, new SavedRoutes(DateTimeOffset.UnixEpoch, new Dictionary<string, Route>(StringComparer.Ordinal) { [host] = route }), CancellationToken.None);
        var loaded = await RouteFile.LoadAsync(file, CancellationToken.None);

        loaded!.Hosts[host].ShouldBe(route);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }
}
