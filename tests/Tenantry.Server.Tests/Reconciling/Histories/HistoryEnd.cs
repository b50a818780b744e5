using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Reconciling.Histories;

/// <summary>The end of a history: what is under way ends, and one more control plane looks at everything until it rests.</summary>
internal sealed class HistoryEnd(HistoryScene scene)
{
    private const int MostPasses = 6;

    public async Task RunAsync()
    {
        await FinishAsync();
        await using var targets = scene.Targets(scene.Store, made => made);
        var reconciler = new Reconciler(
            scene.Store, targets, scene.Workloads, new ChangeSignal(), scene.Options, scene.Time, NullLogger<Reconciler>.Instance);
        foreach (var id in scene.Ids)
        {
            await RestAsync(reconciler, id);
            await CheckAsync(targets, id);
        }
        scene.Check();
        scene.World.Ids.Order(StringComparer.Ordinal).ShouldBe((await KeptAsync()).Order(StringComparer.Ordinal), "nothing is left of what was deleted");
    }

    private async Task FinishAsync()
    {
        for (var i = 0; i < 5000 && scene.Processes.Exists(process => !process.Run.IsCompleted); i++)
        {
            if (scene.Schedule.LetGo() is { } what)
                scene.Note(what);
            else
                scene.Time.Advance(TimeSpan.FromSeconds(5));
            scene.Check();
        }
        foreach (var process in scene.Processes)
        {
            process.Run.IsCompleted.ShouldBeTrue($"what {process.Name} had begun ends");
            await process.Run;
        }
    }

    private async Task RestAsync(Reconciler reconciler, string id)
    {
        // What a look passes over, a pass has nothing to do with.
        var isQuiet = await scene.Store.FindInstanceAsync(id, CancellationToken.None) is not null &&
            (await reconciler.LookAsync([id], CancellationToken.None)).Count == 0;
        var before = await scene.Store.LastChangeAsync(CancellationToken.None);
        for (var passes = 1; ; passes++)
        {
            var result = await reconciler.PassAsync(id, CancellationToken.None);
            scene.Note($"last: {id} {result.End}");
            if (isQuiet && passes == 1 && result.End != PassEnd.Busy)
                (result.End, await scene.Store.LastChangeAsync(CancellationToken.None)).ShouldBe((PassEnd.Settled, before), $"{id} was quiet");
            if (result.End is PassEnd.Settled or PassEnd.Removed or PassEnd.Gone)
                return;
            passes.ShouldBeLessThan(MostPasses, $"{id} comes to rest");
            scene.Time.Advance(TimeSpan.FromMinutes(6));
        }
    }

    private async Task CheckAsync(TargetSet targets, string id)
    {
        var newest = (await scene.Store.ListOperationsAsync(id, new PageRequest(1), CancellationToken.None)).Items.ShouldHaveSingleItem();
        newest.FinishedAt.ShouldNotBeNull($"the operation of {id} ended");
        if (await scene.Store.FindInstanceAsync(id, CancellationToken.None) is not { } record)
        {
            (newest.Kind, newest.State).ShouldBe((OperationKind.Delete, OperationState.Succeeded), $"{id} went because somebody wanted that");
            return;
        }
        var (spec, status) = record;
        spec.Desired.ShouldNotBe(DesiredState.Deleted, $"the deletion of {id} ends");
        var (target, _) = await targets.GetAsync(spec.Target, CancellationToken.None);
        var seen = await target.ObserveAsync(new InstanceRef(id, spec.Slug, scene.Store.Owner), CancellationToken.None);
        (status.Phase, seen.State).ShouldBe(spec.Desired switch
        {
            DesiredState.Frozen => (InstancePhase.Frozen, ObservedState.Frozen),
            DesiredState.Asleep => (InstancePhase.Asleep, ObservedState.Stopped),
            _ => (InstancePhase.Running, ObservedState.Running),
        });
        status.ObservedGeneration.ShouldBe(spec.Generation);
        var wanted = ((WorkloadResult.Resolved)await scene.Workloads.ResolveAsync(spec, CancellationToken.None)).Workload;
        seen.WorkloadDigest.ShouldBe(wanted.Digest);
        seen.Resources.Count.ShouldBe(3);
        if (spec.Desired != DesiredState.Asleep)
            seen.RestartNonce.ShouldBe(spec.RestartNonce);
    }

    private async Task<IReadOnlyList<string>> KeptAsync()
    {
        var kept = new List<string>();
        foreach (var id in scene.Ids)
        {
            if (await scene.Store.FindInstanceAsync(id, CancellationToken.None) is not null)
                kept.Add(id);
        }
        return kept;
    }
}
