using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>A Docker target on folders of its own, over the engine that the tests share.</summary>
internal sealed class DockerHarness : ContractHarness
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<DockerTarget> _targets = [];
    private readonly EngineFixture _engine;

    internal DockerHarness(EngineFixture engine)
    {
        _engine = engine.Skips ? throw new InvalidOperationException("The Docker target's tests need root and their engine.") : engine;
        Owner = $"owner-{Guid.NewGuid():N}";
        Docker = Open();
    }

    internal DockerTarget Docker { get; }

    internal string RunFolder => _folder.File("run");

    public override ITarget Target => Docker;

    public override string Owner { get; }

    public override ITarget Reopen() => Open();

    internal DockerTarget Open(string? socket = null, TimeProvider? time = null)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal) { ["engine"] = $"unix://{socket ?? _engine.Socket}" };
        var target = new DockerTarget(new TargetContext("docker", Owner, _folder.File("data"), RunFolder, options, time ?? TimeProvider.System, NullLogger.Instance));
        _targets.Add(target);
        return target;
    }

    public override InstanceWorkload Fit(InstanceWorkload workload) =>
        workload with { Services = [.. workload.Services.Select(service => service with { Image = EngineFixture.Image })] };

    public override InstanceWorkload Failing(InstanceWorkload workload) =>
        SampleApp.Digested(workload with { Services = [workload.Services[0] with { Command = Shell("echo boom; exit 3") }] });

    public override Task KillAsync(InstanceRef instance) => KillAsync(_engine, instance);

    internal static async Task KillAsync(EngineFixture engine, InstanceRef instance)
    {
        var seen = await new InstanceReader(engine.Engine).ReadAsync(instance, CancellationToken.None);
        foreach (var container in seen.Services.Values.Where(container => container.State.Pid > 0))
        {
            using var process = ProcessHandle.Open(container.State.Pid);
            process?.Signal(SignalNames.Kill);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var target in _targets)
            await target.DisposeAsync();
        _folder.Dispose();
    }
}
