using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Gateway;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Server.Tests.Serving;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Very many sleeping instances are called at once: gateway, engine's socket, wake desk, reconciler and store are the real ones, the target is not.</summary>
public sealed class WakeStormTests : IAsyncLifetime
{
    private const int Instances = 1000;
    private const int AtOnce = 50;
    private const long MostBytesEach = 100_000;
    private static readonly WakeRules Rules = new(300, [], true, 1_000_000);
    private readonly TestFolder folder = new();
    private readonly CancellationTokenSource stop = new();
    private readonly FakeEngine engine = new();
    private readonly Storm storm = new();
    private Workbench bench = null!;
    private WakeDesk desk = null!;
    private AppUpstream app = null!;
    private Task serving = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        app = await AppUpstream.StartAsync(context => context.Response.WriteAsync(context.Request.Headers["X-Tenant-Instance"].ToString()));
        bench = await Workbench.StartAsync();
        bench.Workloads.Port = app.Port;
        bench.Wrap = made => new StormTarget((FakeTarget)made, storm);
        desk = new WakeDesk(bench.Store, bench.Reconciler, new WakeMetrics(), TimeProvider.System, NullLogger<WakeDesk>.Instance);
        engine.Wake = (id, request) => desk.WakeAsync(id, request, CancellationToken.None);
        var socket = Path.Combine(folder.Root, "engine.sock");
        var listening = new TaskCompletionSource();
        serving = new EngineServer(engine, socket, new HashSet<uint> { CurrentUser.Id }, NullLogger<EngineServer>.Instance).RunAsync(listening.SetResult, stop.Token);
        await Task.WhenAny(listening.Task, serving).SoonAsync();
    }

    public async Task DisposeAsync()
    {
        // Where the test has failed before it let them go on, the desk would wait for its wakes.
        storm.Begin();
        await stop.CancelAsync();
        await serving.SoonAsync();
        await desk.DisposeAsync().AsTask().SoonAsync();
        await bench.DisposeAsync();
        await app.DisposeAsync();
        stop.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task AThousandSleepingInstancesAreAdmittedAtTheTargetsLimitOldestFirstAndAllAnswer()
    {
        var slugs = Enumerable.Range(0, Instances).Select(number => string.Create(CultureInfo.InvariantCulture, $"t{number}")).ToList();
        foreach (var slug in slugs)
            await PutToSleepAsync(slug);
        await using var gateway = await TestGateway.StartAsync(link: new EngineClient(Path.Combine(folder.Root, "engine.sock")));
        gateway.Lead([.. slugs.Select(slug => (slug + ".localhost", new Route("id-" + slug, slug, slug, RouteState.Resting, null) { Rules = Rules }))]);
        using var client = gateway.Client();
        client.Timeout = TimeSpan.FromMinutes(5);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var asked = new List<Task<(HttpStatusCode Status, string Body)>>();
        foreach (var wave in slugs.Chunk(AtOnce))
        {
            asked.AddRange(wave.Select(slug => AskAsync(client, slug)));
            await Waiting.ForAsync(() => gateway.Held == asked.Count);
        }

        // A held request with its client, its connections and its wake. What other tests hold for a moment goes away.
        await Waiting.ForAsync(() => (GC.GetTotalMemory(forceFullCollection: true) - before) / Instances < MostBytesEach, 500);
        storm.Begin();
        var answers = await Task.WhenAll(asked);

        answers.ShouldBe(slugs.Select(slug => (HttpStatusCode.OK, slug)));
        gateway.Held.ShouldBe(0);
        storm.Most.ShouldBe(4, "the target's limit");
        storm.Woken.Count.ShouldBe(Instances, "each was woken once");
        var places = storm.Woken.Select(id => int.Parse(id.AsSpan("id-t".Length), CultureInfo.InvariantCulture)).ToList();
        places.Select((number, place) => Math.Abs(number - place)).Max().ShouldBeLessThanOrEqualTo(4 * AtOnce, "oldest first, but for those that asked at the same time");
        bench.World.Violations.ShouldBeEmpty();
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(HttpClient client, string slug)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = slug + ".localhost" } };
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task PutToSleepAsync(string slug)
    {
        await bench.Fleet.AddTenantAsync(slug);
        var spec = bench.Fleet.NewSpec(slug) with { Desired = DesiredState.Asleep };
        await bench.Store.CreateInstanceAsync(spec, bench.Fleet.NewOperation(spec, OperationKind.Create), null, CancellationToken.None);
        (await bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
    }

    private sealed class Storm
    {
        private readonly TaskCompletionSource begin = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock changing = new();
        private int now;

        public ConcurrentQueue<string> Woken { get; } = new();

        public int Most { get; private set; }

        public void Begin() => begin.TrySetResult();

        public async Task EnterAsync(string id)
        {
            Woken.Enqueue(id);
            lock (changing)
                Most = Math.Max(Most, ++now);
            await begin.Task;
            await Task.Delay(1);
        }

        public void Leave()
        {
            lock (changing)
                now--;
        }
    }

    private sealed class StormTarget(FakeTarget inner, Storm storm) : ITarget
    {
        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) => inner.PlanAsync(workload, seen, cancellationToken);

        public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) => inner.ApplyAsync(plan, workload, cancellationToken);

        public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.ObserveAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.SleepAsync(instance, cancellationToken);

        public async IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await storm.EnterAsync(workload.Ref.Id);
            await foreach (var step in inner.WakeAsync(workload, cancellationToken))
                yield return step;
            storm.Leave();
        }

        public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.DeleteAsync(instance, cancellationToken);

        public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) => inner.ListOwnedAsync(owner, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
