using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Serving;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Gateway;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Tests.Serving;

/// <summary>
/// The gateway is killed at every boundary of the way of two webhooks to a sleeping instance, one that the app refuses and one that it takes, and started anew.
/// The boundaries are not known here: the test goes on with the next one until nothing was killed. Or it is stopped, or the next gateway takes over, while webhooks come.
/// </summary>
public sealed class WebhookCrashTests : IAsyncLifetime
{
    private const int MostBoundaries = 40;
    private const int Killed = 128 + 9;
    private const string Manifest = """
        app: hooks
        version: "1"
        services:
          web: { command: [serve], ports: [8080] }
        webhooks: [/hooks/*]
        tiers: { free: {} }
        """;

    private readonly TestFolder folder = new();
    private readonly CancellationTokenSource stop = new();
    private readonly FakeEngine engine = new();
    private readonly ConcurrentQueue<(string Id, string Body)> arrived = new();
    private Func<Task> working = () => Task.CompletedTask;
    private AppUpstream app = null!;
    private ServeProcess gateway = null!;
    private Task serving = Task.CompletedTask;
    private int starts;

    public async Task InitializeAsync()
    {
        app = await AppUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            arrived.Enqueue((context.Request.Headers["Tenantry-Delivery"].ToString(), body));
            await working();
            context.Response.StatusCode = body == "bad" ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK;
        });
        var folders = new DataFolders(folder.Data);
        Directory.CreateDirectory(folders.StoreFolder);
        await using (var store = await StoreFactory.OpenAsync("sqlite", folders, TimeProvider.System, CancellationToken.None))
            await PutSleeperAsync(store);
        var listening = new TaskCompletionSource();
        serving = new EngineServer(engine, folders.EngineSocket, new HashSet<uint> { CurrentUser.Id, WebUser.Find(null).Id }, NullLogger<EngineServer>.Instance).RunAsync(listening.SetResult, stop.Token);
        await Task.WhenAny(listening.Task, serving).SoonAsync();
    }

    public async Task DisposeAsync()
    {
        if (gateway is not null)
            await gateway.DisposeAsync();
        await stop.CancelAsync();
        await serving.SoonAsync();
        await app.DisposeAsync();
        stop.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task WhatWasAnsweredWith202ArrivesInOrderAndWithTheSameIdWhereverTheGatewayIsKilled()
    {
        var boundaries = 0;
        for (var killed = true; killed; boundaries++)
        {
            boundaries.ShouldBeLessThan(MostBoundaries);
            killed = await RoundAsync(boundaries + 1);
        }

        boundaries.ShouldBeGreaterThan(12);
    }

    [Fact]
    public async Task WhatIsSentWhileTheNextGatewayTakesOverArrivesOnceAndInOrder()
    {
        var awake = new TaskCompletionSource<WakeAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Wake = (_, _) => awake.Task;
        await StartAsync(null);
        await using var first = gateway;
        var sent = new List<string>();
        using var enough = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var body = sent.Count.ToString(CultureInfo.InvariantCulture);
                using (var answer = await AskAsync(body))
                    answer.IsSuccessStatusCode.ShouldBeTrue();
                lock (sent)
                    sent.Add(body);
                await Task.Delay(25);
            }
        });
        await UntilSentAsync(10);

        gateway = await ServeProcess.StartAsync(folder.Data, "--role", "gateway", "--gateway", "127.0.0.1:0", "--take-over");

        // The one before holds the box for as long as it drains.
        await UntilSentAsync(10);
        awake.SetResult(new WakeAnswer(WakeOutcome.Awake, Endpoint: new Tenantry.Model.Instances.Endpoint("127.0.0.1", app.Port)));
        (await first.EndAsync()).ShouldBe(0, first.Log);
        await UntilSentAsync(10);
        await enough.CancelAsync();
        await sending;
        await Waiting.ForAsync(() => arrived.Count >= sent.Count && !new WebhookBox(new DataFolders(folder.Data).Webhooks, TimeProvider.System).HasPending("id-alice"));
        arrived.Select(one => one.Body).ShouldBe(sent);

        async Task UntilSentAsync(int more)
        {
            var until = Sent() + more;
            await Waiting.ForAsync(() => sending.IsFaulted || Sent() >= until);
        }

        int Sent()
        {
            lock (sent)
                return sent.Count;
        }
    }

    [Fact]
    public async Task OneThatTheAppWorksOnWhenTheGatewayIsToStopIsDeliveredOnceAndTheNextOneAfterItsStart()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        working = () => done.Task;
        engine.Wake = (_, _) => Task.FromResult(new WakeAnswer(WakeOutcome.Awake, Endpoint: new Tenantry.Model.Instances.Endpoint("127.0.0.1", app.Port)));
        await StartAsync(null);
        await SendAsync("one");
        await Waiting.ForAsync(() => arrived.Count == 1);
        await SendAsync("two");

        var ending = gateway.TerminateAsync();
        // It answers nobody any more: the stop has begun.
        await Waiting.ForAsync(async () =>
        {
            using var moment = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            try
            {
                (await AskAsync("late", moment.Token)).Dispose();
                return false;
            }
            catch (Exception stopped) when (stopped is HttpRequestException or OperationCanceledException)
            {
                return true;
            }
        });
        done.SetResult();
        (await ending).ShouldBe(0, gateway.Log);
        arrived.Select(one => one.Body).ShouldBe(["one"]);

        await ReviveAsync();
        await Waiting.ForAsync(() => !new WebhookBox(new DataFolders(folder.Data).Webhooks, TimeProvider.System).HasPending("id-alice"));
        arrived.Select(one => one.Body).Where(body => body != "late").ShouldBe(["one", "two"]);
    }

    private async Task<bool> RoundAsync(int number)
    {
        arrived.Clear();
        var awake = new TaskCompletionSource<WakeAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Wake = (_, _) => awake.Task;
        var before = starts;
        await StartAsync(number.ToString(CultureInfo.InvariantCulture));

        var bad = await SendAsync("bad");
        var good = await SendAsync("good");
        awake.SetResult(new WakeAnswer(WakeOutcome.Awake, Endpoint: new Tenantry.Model.Instances.Endpoint("127.0.0.1", app.Port)));
        var box = new WebhookBox(new DataFolders(folder.Data).Webhooks, TimeProvider.System);
        await Waiting.ForAsync(async () =>
        {
            await ReviveAsync();
            return !box.HasPending("id-alice");
        });

        var code = await gateway.TerminateAsync();
        var killed = starts > before + 1 || code == Killed;
        code.ShouldBeOneOf(0, Killed);
        ShouldBeInOrder(number, bad, good);
        var dead = box.ListDead("id-alice").Select(path => WebhookBox.Read(path)!).ToList();
        dead.Select(hook => hook.Id).ShouldBe(Runs().Where(one => one.Body == "bad").Select(one => one.Id), $"boundary {number}");
        dead.ShouldAllBe(hook => hook.Failure!.Contains("422", StringComparison.Ordinal));
        foreach (var hook in dead)
            (await box.DropAsync("id-alice", hook.Id, CancellationToken.None)).ShouldBeTrue();
        return killed;
    }

    // A sender that got no answer sends again; what it sent before may have been stored, under another id.
    private void ShouldBeInOrder(int number, string bad, string good)
    {
        var runs = Runs();
        var seen = $"boundary {number}: {string.Join(", ", arrived)}";
        runs.Select(one => one.Id).Distinct(StringComparer.Ordinal).Count().ShouldBe(runs.Count, $"one that is sent again comes right after itself; {seen}");
        runs.FindIndex(one => one == (bad, "bad")).ShouldBeInRange(0, 1, seen);
        runs.FindIndex(one => one == (good, "good")).ShouldBeGreaterThan(runs.FindLastIndex(one => one.Body == "bad"), seen);
        (arrived.Count - runs.Count).ShouldBeLessThanOrEqualTo(1, seen);
        (runs.Count - 2).ShouldBeInRange(0, 1, seen);
    }

    // Without those that came a second time.
    private List<(string Id, string Body)> Runs() => [.. arrived.Where((one, at) => at == 0 || arrived.ElementAt(at - 1) != one)];

    private async Task<string> SendAsync(string body)
    {
        while (true)
        {
            await ReviveAsync();
            try
            {
                using var answer = await AskAsync(body);
                answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
                return answer.Headers.GetValues("Tenantry-Delivery").Single();
            }
            catch (HttpRequestException)
            {
                // It was killed before its answer.
                await gateway.EndAsync();
            }
        }
    }

    private async Task<HttpResponseMessage> AskAsync(string body, CancellationToken cancellationToken = default)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(gateway.Gateway, "/hooks/x")) { Content = new StringContent(body), Headers = { Host = "alice.localhost" } };
        return await client.SendAsync(request, cancellationToken);
    }

    private async Task ReviveAsync()
    {
        if (!gateway.HasEnded)
            return;
        await gateway.DisposeAsync();
        await StartAsync(null);
    }

    private async Task StartAsync(string? crashAt)
    {
        starts++;
        gateway = await ServeProcess.StartAsync(folder.Data, [(CrashAtWebhook.Variable, crashAt)], "--role", "gateway", "--gateway", "127.0.0.1:0");
    }

    private static async Task PutSleeperAsync(IStore store)
    {
        var fleet = new Fleet(store, TimeProvider.System);
        await fleet.SetUpAsync();
        var manifest = ManifestReader.Read(Manifest, "tenantry.yaml").Manifest!;
        await store.ApplyReleaseAsync(new Release("hooks-1", manifest.App, manifest.Version, ManifestDigest.Of(manifest), "", ManifestJson.Write(manifest), TimeProvider.System.GetUtcNow()), CancellationToken.None);
        await fleet.AddTenantAsync("alice");
        var spec = fleet.NewSpec("alice") with { App = "hooks", Release = "hooks-1", Desired = DesiredState.Asleep };
        await store.CreateInstanceAsync(spec, fleet.NewOperation(spec, OperationKind.Create), null, CancellationToken.None);
        var record = (await store.FindInstanceBySlugAsync("alice", CancellationToken.None))!;
        await store.WriteStatusAsync(
            record.Status with { Phase = InstancePhase.Asleep, ObservedGeneration = record.Spec.Generation }, await fleet.LeaseAsync(spec.Id), CancellationToken.None);
    }
}
