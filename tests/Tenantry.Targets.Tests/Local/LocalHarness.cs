using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Linux.Cgroups;
using Tenantry.Targets.Local;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local;

/// <summary>A local target on folders of its own, in a control group of its own; everything that it left is removed.</summary>
internal sealed class LocalHarness : ContractHarness
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<LocalTarget> _targets = [];
    private readonly LocalProtections? _protections;
    private readonly Dictionary<string, string> _options;

    private readonly string? _hostNetwork;
    private readonly Func<InstanceWorkload, InstanceWorkload> _fit;

    internal LocalHarness(
        LocalProtections? protections = null, string? hostNetwork = null, Func<InstanceWorkload, InstanceWorkload>? fit = null, params (string Name, string Value)[] options)
    {
        _protections = protections;
        _fit = fit ?? (workload => workload);
        _hostNetwork = hostNetwork;
        Cgroup = $"tenantry-test-{Path.GetFileName(_folder.Path)[14..].ToLowerInvariant()}";
        _options = new Dictionary<string, string>(StringComparer.Ordinal) { ["cgroup"] = Cgroup };
        foreach (var (name, value) in options)
            _options[name] = value;
        Local = Open();
    }

    internal LocalTarget Local { get; }

    internal string Cgroup { get; }

    internal LocalPaths Paths => new(_folder.File("data"), _folder.File("run"));

    public override ITarget Target => Local;

    public override ITarget Reopen() => Open();

    internal LocalTarget Open()
    {
        var context = new TargetContext("local", Owner, Paths.Data, Paths.Run, _options, TimeProvider.System, NullLogger.Instance);
        var target = new LocalTarget(context, _protections, _hostNetwork);
        _targets.Add(target);
        return target;
    }

    public override InstanceWorkload Fit(InstanceWorkload workload) => _fit(workload);

    public override InstanceWorkload Failing(InstanceWorkload workload) =>
        SampleApp.Digested(workload with { Services = [workload.Services[0] with { Command = Shell("echo boom; exit 3") }] });

    public override async Task KillAsync(InstanceRef instance)
    {
        var tree = new CgroupTree(CgroupLayout.Detect(), $"{Cgroup}/{instance.Id}");
        (await tree.KillAsync(null, TimeProvider.System, TimeSpan.FromSeconds(90), CancellationToken.None)).ShouldBeTrue();
    }

    public override async Task KillFrozenAsync(InstanceRef instance)
    {
        var layout = CgroupLayout.Detect();
        var tree = new CgroupTree(layout, $"{Cgroup}/{instance.Id}");
        if (layout.Version != CgroupVersion.Two)
        {
            // Nothing dies here while it is frozen: as if it had ended just before, and been frozen then.
            using var held = await FileLock.TakeAsync(Path.Combine(Paths.Run, "locks", instance.Id), TimeProvider.System, CancellationToken.None);
            await KillAsync(instance);
            tree.Freeze();
            return;
        }

        while (tree.Processes() is { Count: > 0 } pids)
        {
            foreach (var pid in pids)
            {
                using var process = ProcessHandle.Open(pid);
                process?.Signal(SignalNames.Kill);
            }

            await Task.Delay(5);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var target in _targets)
            await target.DisposeAsync();
        var layout = CgroupLayout.Detect();
        var tree = new CgroupTree(layout, Cgroup);
        await tree.KillAsync(null, TimeProvider.System, TimeSpan.FromSeconds(90), CancellationToken.None);
        tree.Remove();
        _folder.Dispose();
    }
}
