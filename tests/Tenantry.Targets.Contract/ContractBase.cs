using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Contract;

/// <summary>What all promises share: a target, samples on it, and the way to drive it.</summary>
public abstract class ContractBase : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private readonly CancellationTokenSource limit = new(Patience);
    private readonly List<InstanceWorkload> samples = [];

    /// <summary>Opens the target under test.</summary>
    protected abstract Task<ContractHarness> OpenAsync();

    protected ContractHarness Harness { get; private set; } = null!;

    protected ITarget Target => Harness.Target;

    protected CancellationToken Stop => limit.Token;

    /// <inheritdoc/>
    public async Task InitializeAsync() => Harness = await OpenAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        // What a promise that failed left under way is not to hold up its own end.
        await limit.CancelAsync();
        using var cleaning = new CancellationTokenSource(Patience);
        foreach (var sample in samples)
        {
            await foreach (var _ in Target.DeleteAsync(sample.Ref, cleaning.Token))
            {
                // Only the end matters.
            }
        }

        await Harness.DisposeAsync();
        limit.Dispose();
    }

    protected InstanceWorkload Sample(string slug)
    {
        var sample = SampleApp.Digested(Harness.Fit(SampleApp.Make(slug, Harness.Owner)));
        samples.Add(sample);
        return sample;
    }

    protected async Task<InstanceWorkload> RunningAsync(string slug)
    {
        var sample = Sample(slug);
        await ConvergeAsync(sample);
        return sample;
    }

    protected Task<InstanceObservation> ObserveAsync(InstanceWorkload workload) => Target.ObserveAsync(workload.Ref, Stop);

    /// <summary>One pass: observe, plan, apply. Gives the events.</summary>
    protected async Task<IReadOnlyList<StepEvent>> ConvergeAsync(InstanceWorkload workload, ITarget? with = null)
    {
        var target = with ?? Target;
        var plan = await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, Stop), Stop);
        return await AllAsync(target.ApplyAsync(plan, workload, Stop));
    }

    protected async Task<IReadOnlyList<StepEvent>> AllAsync(IAsyncEnumerable<StepEvent> events)
    {
        var seen = new List<StepEvent>();
        await foreach (var step in events.WithCancellation(Stop))
            seen.Add(step);
        return seen;
    }

    /// <summary>Takes so many events and then leaves the enumeration, as a control plane that dies there. False when it ended before.</summary>
    protected async Task<bool> CutOffAsync(IAsyncEnumerable<StepEvent> events, int after)
    {
        await foreach (var _ in events.WithCancellation(Stop))
        {
            if (after-- == 0)
                return true;
        }

        return false;
    }

    protected async Task<InstanceObservation> UntilAsync(InstanceWorkload workload, Func<InstanceObservation, bool> holds)
    {
        while (true)
        {
            var seen = await ObserveAsync(workload);
            if (holds(seen))
                return seen;
            await Task.Delay(20, Stop);
        }
    }

    protected async Task ShouldRunAsync(InstanceWorkload workload)
    {
        var seen = await ObserveAsync(workload);
        seen.State.ShouldBe(ObservedState.Running, seen.Trouble);
        seen.Health.ShouldBe(InstanceHealth.Healthy, seen.Trouble);
        if (Target is ISockets sockets && Harness.RunsApps)
            (await TinyHttp.GetAsync(sockets, seen.Endpoint.ShouldNotBeNull(), Stop)).ShouldContain($"hello from {workload.Ref.Slug}");
    }

    /// <summary>A fresh slug, so that suites that run beside each other do not meet.</summary>
    protected static string Slug(string name) => $"{name}-{Guid.NewGuid():N}"[..Math.Min(name.Length + 9, 39)];
}
