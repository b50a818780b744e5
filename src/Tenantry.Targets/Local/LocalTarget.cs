using System.Net.Sockets;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Local.Steps;
using Tenantry.Targets.Local.Volumes;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Local;

/// <summary>Runs instances on this machine as OCI bundles, without a container engine.</summary>
internal sealed class LocalTarget : ITarget, ILogs, IStats, IExec, IFreeze, IData, IResize, ISockets, INotices, IReleases
{
    internal const string KindName = "local";

    private readonly LocalHost _host;
    private readonly InstanceObserver _observer;
    private readonly InstanceStopper _stopper;
    private readonly Lock _starting = new();
    private volatile bool _isStarted;

    internal LocalTarget(TargetContext context, LocalProtections? protections = null, string? hostNetwork = null)
    {
        _host = new LocalHost(context, LocalTargetOptions.Parse(context.Options), protections ?? LocalProtections.All, hostNetwork);
        _observer = new InstanceObserver(_host);
        _stopper = new InstanceStopper(_host);
    }

    /// <summary>This target's line of the catalogue.</summary>
    internal static TargetKind Catalogued { get; } = new(
        KindName,
        "This machine: each instance in a sandbox of its own, run by crun, without a container engine",
        LocalTargetOptions.Known,
        context => new LocalTarget(context))
    {
        Capabilities = TargetCapabilities.Of<LocalTarget>(),
        RefusalsOf = LocalManifestCheck.Refusals,
        NotesOn = LocalManifestCheck.Notes,
        CheckOptions = options => LocalTargetOptions.Parse(options),
        IsOneMachine = _ => true,
        IsOfItsFolder = true,
    };

    public string Kind => KindName;

    public string Name => _host.Name;

    public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => LocalProbe.LookAsync(_host, cancellationToken);

    public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken)
    {
        LocalWorkloadCheck.Refuse(workload);
        var known = InstanceFile.ReadOrNull(_host.Paths.Of(workload.Ref));
        var ready = workload.Release.Build is not { } build || _host.Builds.IsReady(build);
        return Task.FromResult(LocalPlanner.Of(workload, seen, known, VolumePlan.For(workload, _host.UsesLoop), ready, _host.Options));
    }

    public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) =>
        Steps((steps, token) => new InstanceApplier(_host).ApplyAsync(plan, workload, steps, token), cancellationToken);

    public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        EnsureStarted();
        return _observer.ObserveAsync(instance, cancellationToken);
    }

    public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        Steps((steps, token) => _stopper.SleepAsync(instance, steps, token), cancellationToken);

    public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) => Steps(
        async (steps, token) =>
        {
            var wanted = workload with { Desired = DesiredState.Running };
            if (await new InstanceThawer(_host).TryAsync(wanted, steps, token))
                return;
            var plan = await PlanAsync(wanted, await _observer.ObserveAsync(workload.Ref, token), token);
            await new InstanceApplier(_host).WakeAsync(plan, wanted, steps, token);
        },
        cancellationToken);

    public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        Steps((steps, token) => new InstanceRemover(_host, _observer).DeleteAsync(instance, steps, token), cancellationToken);

    public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken)
    {
        EnsureStarted();
        return Task.FromResult(OwnedInstances.List(_host.Paths, owner));
    }

    public IAsyncEnumerable<LogLine> ReadLogsAsync(InstanceRef instance, LogRequest request, CancellationToken cancellationToken)
    {
        EnsureStarted();
        return _host.Logs.ReadAsync(_host.Paths.Of(instance), request, cancellationToken);
    }

    public Task<InstanceStats> ReadStatsAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        EnsureStarted();
        return new InstanceMeter(_host).ReadAsync(instance, cancellationToken);
    }

    public Task<InstanceUsage> ReadUsageAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        EnsureStarted();
        return Task.FromResult(new InstanceMeter(_host).ReadUsage(instance));
    }

    public Task<int> ExecAsync(InstanceRef instance, ExecRequest request, CancellationToken cancellationToken)
    {
        EnsureStarted();
        var paths = _host.Paths.Of(instance);
        var file = InstanceFile.Read(paths) ?? throw NotHere(instance);
        var service = (request.Service is null ? file.Services.FirstOrDefault() : file.Services.FirstOrDefault(service => service.Name == request.Service))
            ?? throw new TargetException($"It has no service {request.Service}.", retryable: false, LocalResources.Instance(instance));
        return _host.Exec.RunAsync(paths, service, request.Command, request.Input, new(request.Output), new(request.Error), cancellationToken);
    }

    public IAsyncEnumerable<StepEvent> FreezeAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        Steps((steps, token) => _stopper.FreezeAsync(instance, steps, token), cancellationToken);

    public Task ExportAsync(InstanceRef instance, Stream output, CancellationToken cancellationToken)
    {
        EnsureStarted();
        return new Data.InstanceData(_host).ExportAsync(instance, output, cancellationToken);
    }

    public Task ImportAsync(InstanceRef instance, Stream input, CancellationToken cancellationToken)
    {
        EnsureStarted();
        return new Data.InstanceData(_host).ImportAsync(instance, input, cancellationToken);
    }

    public bool CanResizeInPlace(ResourceLimits from, ResourceLimits to) => from.Runtime == to.Runtime && to.DiskBytes >= from.DiskBytes;

    public async Task<SafeSocketHandle> OpenSocketAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        var path = endpoint.NamespacePath ?? (endpoint.NamespacePid is { } pid ? $"/proc/{pid}/ns/net" : throw new TargetException("The endpoint names no network namespace.", retryable: false));
        try
        {
            return await _host.Sockets.OpenTcpAsync(path, cancellationToken: cancellationToken);
        }
        catch (LinuxException error)
        {
            throw new TargetException($"The instance has no network namespace now: {error.Message}.", retryable: true, cause: error);
        }
    }

    public IAsyncEnumerable<string> WatchAsync(CancellationToken cancellationToken)
    {
        EnsureStarted();
        return _host.Notices.ListenAsync(cancellationToken);
    }

    public Task<IReadOnlyList<string>> ListKeptReleasesAsync(CancellationToken cancellationToken)
    {
        EnsureStarted();
        return Task.FromResult(_host.Kept.List());
    }

    public Task ForgetReleaseAsync(string release, CancellationToken cancellationToken)
    {
        EnsureStarted();
        return Task.Run(() => _host.Kept.Forget(release), cancellationToken);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private IAsyncEnumerable<StepEvent> Steps(Func<StepWriter, CancellationToken, Task> work, CancellationToken cancellationToken) => StepStream.RunAsync(
        async (steps, token) =>
        {
            EnsureStarted();
            await work(steps, token);
        },
        cancellationToken);

    // What failed is tried again with the next call: a full disk is one that passes.
    private void EnsureStarted()
    {
        if (_isStarted)
            return;
        lock (_starting)
        {
            if (!_isStarted)
                Start();
            _isStarted = true;
        }
    }

    private void Start()
    {
        try
        {
            _host.Start();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TargetException($"The local target cannot work here: {error.Message.TrimEnd('.')}.", retryable: error is IOException, fix: "Run `tenantry target check` to see what is missing.", cause: error);
        }
    }

    private static TargetException NotHere(InstanceRef instance) => new("There is no such instance here.", retryable: true, LocalResources.Instance(instance));
}
