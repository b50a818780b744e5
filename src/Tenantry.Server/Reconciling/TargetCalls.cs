using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// A target's calls with a limit on their time, so that one that hangs fails, and with every failure turned into a
/// <see cref="TargetException"/>, so that one that breaks its promise does not stop the reconciler.
/// </summary>
internal sealed class TargetCalls(ITarget target, ReconcilerOptions options, TimeProvider time, ILogger log, CancellationToken cancellationToken)
{
    /// <summary>What becomes of texts that the target passes on. Set as soon as the instance's secrets are known.</summary>
    public AppText Text { get; set; } = AppText.Plain;

    public Task<InstanceObservation> ObserveAsync(InstanceRef instance) =>
        WithinAsync("say what there is", options.LookLimit, async token => Text.Of(await target.ObserveAsync(instance, token)));

    /// <summary>Null when the target cannot say.</summary>
    public async Task<InstanceObservation?> TryObserveAsync(InstanceRef instance)
    {
        try
        {
            return await ObserveAsync(instance);
        }
        catch (TargetException)
        {
            return null;
        }
    }

    public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen) =>
        WithinAsync("say what it would do", options.LookLimit, token => target.PlanAsync(workload, seen, token));

    public Task ApplyAsync(Plan plan, InstanceWorkload workload, Func<StepEvent, Task> told) =>
        TakeAsync("make the change", token => target.ApplyAsync(plan, workload, token), told);

    public Task WakeAsync(InstanceWorkload workload, Func<StepEvent, Task> told) =>
        TakeAsync("wake it", token => target.WakeAsync(workload, token), told);

    public Task SleepAsync(InstanceRef instance, Func<StepEvent, Task> told) =>
        TakeAsync("put it to sleep", token => target.SleepAsync(instance, token), told);

    public Task FreezeAsync(InstanceRef instance, Func<StepEvent, Task> told) =>
        TakeAsync("freeze it", token => Freezer(instance).FreezeAsync(instance, token), told);

    /// <summary>Throws when it cannot freeze.</summary>
    public IFreeze Freezer(InstanceRef instance) => target as IFreeze ?? throw new TargetException(
        $"Target '{target.Name}' (kind {target.Kind}) cannot freeze.", retryable: false, fix: $"Put it to sleep instead: 'tenantry sleep {instance.Slug}'.");

    public Task DeleteAsync(InstanceRef instance, Func<StepEvent, Task> told) =>
        TakeAsync("delete it", token => target.DeleteAsync(instance, token), told);

    private Task TakeAsync(string doing, Func<CancellationToken, IAsyncEnumerable<StepEvent>> call, Func<StepEvent, Task> told) => WithinAsync(
        doing,
        options.ChangeLimit,
        async token =>
        {
            await foreach (var step in call(token).WithCancellation(token))
                await told(Text.Of(step));
            return true;
        });

    private async Task<T> WithinAsync<T>(string doing, TimeSpan limit, Func<CancellationToken, Task<T>> call)
    {
        using var timer = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            return await call(both.Token);
        }
        catch (TargetException failure)
        {
            var told = Text.Of(failure);
            if (told == failure)
                throw;
            throw told;
        }
        catch (Exception error) when (error is StoreUnavailableException or LeaseLostException)
        {
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException error) when (timer.IsCancellationRequested)
        {
            throw new TargetException(
                $"Target '{target.Name}' took longer than {limit.TotalSeconds:0} s to {doing}; it was stopped.", retryable: true, cause: error);
        }
        catch (Exception error)
        {
            log.LogError(error, "Target {Target} failed to {Doing} in a way that it should not", target.Name, doing);
            throw new TargetException(
                $"Target '{target.Name}' failed to {doing} in a way that it should not: {error.GetType().Name}: {Text.Of(error.Message)}", retryable: true, cause: error);
        }
    }
}
