using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Tests.Gateway;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Server.Tests.Serving;
using Tenantry.Targets.Abstractions;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Requests under way when what serves them is stopped for a moment.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task ARequestUnderWayIsAnsweredBeforeARestartStopsWhatServesItAndOneThatComesThenWaits()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            arrived.TrySetResult();
            await finish.Task;
            await context.Response.WriteAsync("done");
        });
        await using var bench = await Workbench.StartAsync();
        bench.Workloads.Port = app.Port;
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        var hub = new GatewayHub(TimeProvider.System);
        using var left = new CancellationTokenSource();
        var attending = AttendAsync(hub, gateway.Engine, left.Token);
        var (stopped, heldBetween) = (0, 0);
        var reconciler = new Reconciler(
            bench.Store,
            bench.NewTargets(bench.Store, _ => { }, inner => new Interrupting(inner, () => Interlocked.Increment(ref stopped), () => heldBetween = gateway.Held)),
            bench.Workloads, bench.Changes, bench.Options, bench.Time, NullLogger<Reconciler>.Instance, gate: hub);
        var spec = await bench.Fleet.AddInstanceAsync("alice");
        (await reconciler.PassAsync(spec.Id, CancellationToken.None)).End.ShouldBe(PassEnd.Settled);
        await UntilAsync(() => hub.TrafficOf(spec.Id) is not null);
        stopped = 0;
        using var client = gateway.Client();
        var first = client.PostAsync("/", new StringContent("x"));
        await arrived.Task.SoonAsync();

        await bench.Fleet.ChangeAsync(spec.Id, OperationKind.Restart, before => before with { RestartNonce = before.RestartNonce + 1 });
        var gate = gateway.GateOf(spec.Id);
        var closings = gate.Closings;
        var pass = Task.Run(() => reconciler.PassAsync(spec.Id, CancellationToken.None));
        gateway.Engine.Wake = (_, _) => Task.FromResult(pass.IsCompleted ? AwakeAt(app.Port) : new WakeAnswer(WakeOutcome.NotNow, "It is being changed.", 2));
        await UntilAsync(() => gate.Closings > closings);
        var second = client.GetAsync("/");
        await UntilAsync(() => gateway.Held == 1);
        stopped.ShouldBe(0, "somebody is served");

        finish.SetResult();
        (await first).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await pass.SoonAsync()).End.ShouldBe(PassEnd.Settled);
        stopped.ShouldBe(1);
        heldBetween.ShouldBe(1, "what it needs was there again, and it itself was not");
        (await second).StatusCode.ShouldBe(HttpStatusCode.OK);
        await left.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => attending);
    }

    private static Task AttendAsync(GatewayHub hub, FakeEngine engine, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            await foreach (var order in hub.AttendAsync(engine.Reports.Reader, cancellationToken))
                engine.Orders.Writer.TryWrite(order);
        },
        cancellationToken);

    /// <summary>Says before it stops what serves.</summary>
    private sealed class Interrupting(ITarget inner, Action stop, Action between) : ITarget
    {
        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) => inner.PlanAsync(workload, seen, cancellationToken);

        public async IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var (db, web) = (new ResourceName("service", "db"), new ResourceName("service", "web"));
            yield return new StepEvent(db, StepAction.Replace, StepState.Started);
            yield return new StepEvent(db, StepAction.Replace, StepState.Progress) { Interrupts = true, ServedAfter = new PlanStep(web, StepAction.Replace, "") };
            stop();
            yield return new StepEvent(db, StepAction.Replace, StepState.Done);
            yield return new StepEvent(web, StepAction.Replace, StepState.Started);
            between();
            yield return new StepEvent(web, StepAction.Replace, StepState.Done);
            await foreach (var step in inner.ApplyAsync(plan, workload, cancellationToken))
                yield return step;
        }

        public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.ObserveAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.SleepAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) => inner.WakeAsync(workload, cancellationToken);

        public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.DeleteAsync(instance, cancellationToken);

        public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) => inner.ListOwnedAsync(owner, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
