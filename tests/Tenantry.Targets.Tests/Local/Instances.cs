using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Local;

/// <summary>Drives instances of a local target in tests.</summary>
internal sealed class Instances(LocalHarness harness) : InstancesOn<LocalHarness>(harness);

/// <summary>Drives instances of a target in tests.</summary>
internal class InstancesOn<THarness>(THarness harness) : IAsyncDisposable
    where THarness : ContractHarness
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private readonly List<InstanceRef> _made = [];

    internal CancellationToken Stop => _limit.Token;

    internal THarness Harness => harness;

    /// <summary>A workload of one service that sleeps, or runs that script.</summary>
    internal InstanceWorkload Workload(string slug, string script = "exec sleep 3600", string user = "") => SampleApp.Digested(harness.Fit(new InstanceWorkload
    {
        Ref = new InstanceRef($"i{Guid.NewGuid():N}", slug, harness.Owner),
        Labels = new WorkloadLabels(slug, "tests", "sample", "prod", "default", "1"),
        Release = new ReleaseSource("r1", "", null),
        Services = [new ServiceWorkload { Name = "main", Command = Shell(script), User = user, StopGrace = TimeSpan.FromSeconds(2) }],
        Limits = new ResourceLimits(64 << 20, 1, 16 << 20, 0.1m, 64, 32 << 20),
        Egress = new EgressRules(EgressMode.None, []),
        Secrets = new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = $"secret of {slug}" },
        Desired = DesiredState.Running,
        RestartNonce = 0,
        Digest = "",
    }));

    internal static InstanceWorkload Change(InstanceWorkload workload, Func<ServiceWorkload, ServiceWorkload> change) =>
        SampleApp.Digested(workload with { Services = [change(workload.Services[0]), .. workload.Services.Skip(1)] });

    internal static IReadOnlyList<string> Shell(string script) => ["/bin/busybox", "sh", "-c", script];

    internal async Task<IReadOnlyList<StepEvent>> ApplyAsync(InstanceWorkload workload, ITarget? with = null)
    {
        var target = with ?? harness.Target;
        if (!_made.Contains(workload.Ref))
            _made.Add(workload.Ref);
        var plan = await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, Stop), Stop);
        return await AllAsync(target.ApplyAsync(plan, workload, Stop));
    }

    internal Task<InstanceObservation> ObserveAsync(InstanceWorkload workload) => harness.Target.ObserveAsync(workload.Ref, Stop);

    internal async Task<InstanceObservation> UntilAsync(InstanceWorkload workload, Func<InstanceObservation, bool> holds, ITarget? with = null)
    {
        while (true)
        {
            var seen = await (with ?? harness.Target).ObserveAsync(workload.Ref, Stop);
            if (holds(seen))
                return seen;
            await Task.Delay(10, Stop);
        }
    }

    internal async Task<IReadOnlyList<StepEvent>> AllAsync(IAsyncEnumerable<StepEvent> events)
    {
        var seen = new List<StepEvent>();
        await foreach (var step in events.WithCancellation(Stop))
            seen.Add(step);
        return seen;
    }

    /// <summary>Runs a shell script inside; gives its exit code and all that it printed.</summary>
    internal Task<(int Code, string Output)> RunAsync(InstanceWorkload workload, string script) => ExecAsync(workload, Shell(script));

    internal async Task<(int Code, string Output)> ExecAsync(InstanceWorkload workload, IReadOnlyList<string> command, string? service = null)
    {
        using var output = new MemoryStream();
        using var one = new SemaphoreSlim(1);
        async ValueTask Keep(ReadOnlyMemory<byte> piece, CancellationToken token)
        {
            await one.WaitAsync(token);
            await output.WriteAsync(piece, token);
            one.Release();
        }

        var code = await ((IExec)harness.Target).ExecAsync(workload.Ref, new ExecRequest(service, command, Stream.Null, Keep, Keep), Stop);
        return (code, Encoding.UTF8.GetString(output.ToArray()).Trim());
    }

    public async ValueTask DisposeAsync()
    {
        // What a test that failed left under way is not to hold up its own end.
        await _limit.CancelAsync();
        using var cleaning = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        foreach (var made in _made)
        {
            await foreach (var _ in harness.Target.DeleteAsync(made, cleaning.Token))
            {
                // Only the end matters.
            }
        }

        await harness.DisposeAsync();
        _limit.Dispose();
    }
}
