using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Data;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Images;
using Tenantry.Targets.Docker.Running;
using Tenantry.Targets.Docker.Steps;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Docker;

/// <summary>Runs instances as hardened containers of a Docker engine, on this machine or on another.</summary>
internal sealed class DockerTarget : ITarget, ILogs, IStats, IExec, IFreeze, IData, IResize, ISockets, INotices, IReleases
{
    internal const string KindName = "docker";

    private static readonly TimeSpan RulesPause = TimeSpan.FromSeconds(15);

    private readonly DockerHost _host;
    private readonly DockerObserver _observer;
    private readonly DockerData _data;
    private readonly SemaphoreSlim _restoring = new(1);
    private bool _isRestored;
    private bool _isDocker;

    internal DockerTarget(TargetContext context)
        : this(context, DockerTargetOptions.Parse(context.Options))
    {
    }

    internal DockerTarget(TargetContext context, DockerTargetOptions options)
    {
        _host = new DockerHost(context, options);
        _observer = new DockerObserver(_host);
        _data = new DockerData(_host, context.DataFolder);
    }

    /// <summary>This target's line of the catalogue.</summary>
    internal static TargetKind Catalogued { get; } = new(
        KindName,
        "A Docker engine: each instance in hardened containers on a network of its own",
        DockerTargetOptions.Known,
        context => new DockerTarget(context))
    {
        Capabilities = TargetCapabilities.Of<DockerTarget>(),
        CheckOptions = options => DockerTargetOptions.Parse(options),
        RefusalsOf = DockerManifestCheck.Refusals,
        NotesOn = DockerManifestCheck.Notes,
        IsOneMachine = options => !options.TryGetValue("engine", out var engine) || engine.StartsWith("unix:", StringComparison.Ordinal),
    };

    public string Kind => KindName;

    public string Name => _host.Name;

    public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => DockerProbe.LookAsync(_host, cancellationToken);

    public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) => AskAsync(
        "Planning",
        async () =>
        {
            DockerWorkloadCheck.Refuse(workload, _host.Options.Remote);
            await RefusePodmanAsync(cancellationToken);
            // Asked once for both: looking twice at every freeze, wake and repair costs as much as the change.
            var there = await _observer.ReadingOfAsync(seen, cancellationToken);
            var missing = new List<string>();
            foreach (var service in workload.Services.Where(service => !there.Services.ContainsKey(service.Name) || seen.WorkloadDigest != workload.Digest).DistinctBy(service => ImageStore.ReferenceOf(workload, service), StringComparer.Ordinal))
            {
                if (await _host.Images.FindAsync(workload, service, cancellationToken) is null)
                    missing.Add(ImageStore.ReferenceOf(workload, service));
            }

            return new DockerPlanner(workload, there, seen, missing, _host.ContainersOf(workload), _host.Records.Read(workload.Ref)?.IsOf(there.Services.Values) == true).Make();
        });

    public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) =>
        StepsAsync("Applying", (steps, token) => new InstanceApplier(_host).ApplyAsync(plan, workload, steps, token), cancellationToken);

    public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        AskAsync("Observing", () => _observer.ObserveAsync(instance, cancellationToken));

    public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        StepsAsync("Stopping", (steps, token) => new InstanceStopper(_host).SleepAsync(instance, steps, token), cancellationToken);

    public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) => StepsAsync(
        "Waking",
        async (steps, token) =>
        {
            var wanted = workload with { Desired = DesiredState.Running };
            var plan = await PlanAsync(wanted, await _observer.ObserveAsync(workload.Ref, token), token);
            await new InstanceApplier(_host).ApplyAsync(plan, wanted, steps, token);
        },
        cancellationToken);

    public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        StepsAsync("Removing", (steps, token) => new InstanceRemover(_host, _observer).DeleteAsync(instance, steps, token), cancellationToken);

    public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) =>
        AskAsync("Listing", () => _host.Reader.OwnedAsync(owner, cancellationToken));

    public IAsyncEnumerable<StepEvent> FreezeAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        StepsAsync("Freezing", (steps, token) => new InstanceStopper(_host).FreezeAsync(instance, steps, token), cancellationToken);

    public async IAsyncEnumerable<LogLine> ReadLogsAsync(InstanceRef instance, LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var containers = await AskAsync("Reading the log", () => ChooseAsync(instance, request.Service, cancellationToken));
        await using var lines = _host.Logs.ReadAsync(containers, request, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await AskAsync("Reading the log", () => lines.MoveNextAsync().AsTask()))
            yield return lines.Current;
    }

    public Task<InstanceStats> ReadStatsAsync(InstanceRef instance, CancellationToken cancellationToken) => AskAsync(
        "Counting",
        async () => await new ContainerStats(_host.Engine, _host.Time).ReadAsync(await ChooseAsync(instance, null, cancellationToken), cancellationToken));

    public Task<int> ExecAsync(InstanceRef instance, ExecRequest request, CancellationToken cancellationToken) => AskAsync(
        $"Running {request.Command.FirstOrDefault()}",
        async () => await new ContainerExec(_host.Engine, isHere: _host.Options.Remote is null).RunAsync((await ChooseAsync(instance, request.Service, cancellationToken))[0], request, cancellationToken));

    public Task ExportAsync(InstanceRef instance, Stream output, CancellationToken cancellationToken) =>
        AskAsync("Exporting", () => DoneAsync(_data.ExportAsync(instance, output, cancellationToken)));

    public Task ImportAsync(InstanceRef instance, Stream input, CancellationToken cancellationToken) =>
        AskAsync("Importing", () => DoneAsync(_data.ImportAsync(instance, input, cancellationToken)));

    public bool CanResizeInPlace(ResourceLimits from, ResourceLimits to) => from.Runtime == to.Runtime;

    public async Task<SafeSocketHandle> OpenSocketAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        if (_host.Options.Remote is not null)
            return await _host.Outside.OpenHandleAsync(cancellationToken);
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

    public Task<IReadOnlyList<string>> ListKeptReleasesAsync(CancellationToken cancellationToken) => Task.FromResult(_host.Images.Releases());

    public Task ForgetReleaseAsync(string release, CancellationToken cancellationToken) =>
        AskAsync($"Removing the images of release {release}", () => DoneAsync(_host.Images.ForgetAsync(release, cancellationToken)));

    public async IAsyncEnumerable<string> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var keeping = KeepRulesAsync(ending.Token);
        try
        {
            await foreach (var changed in new EngineNotices(_host).ListenAsync(cancellationToken))
                yield return changed;
        }
        finally
        {
            await ending.CancelAsync();
            await keeping;
        }
    }

    public ValueTask DisposeAsync()
    {
        _restoring.Dispose();
        return _host.DisposeAsync();
    }

    private async Task<IReadOnlyList<ContainerSeen>> ChooseAsync(InstanceRef instance, string? service, CancellationToken cancellationToken)
    {
        var seen = await _host.Reader.ReadAsync(instance, cancellationToken);
        if (seen.Services.Count == 0)
            throw new TargetException("There is no such instance here.", retryable: true, DockerNames.InstanceResource(instance));
        if (service is null)
            return [.. seen.Ordered];
        return seen.Services.TryGetValue(service, out var container)
            ? [container]
            : throw new TargetException($"It has no service {service}. It has: {string.Join(", ", seen.Ordered.Select(one => one.Service))}.", retryable: false, DockerNames.InstanceResource(instance));
    }

    private IAsyncEnumerable<StepEvent> StepsAsync(string what, Func<StepWriter, CancellationToken, Task> work, CancellationToken cancellationToken) => StepStream.RunAsync(
        (steps, token) => AskAsync(
            what,
            async () =>
            {
                await RestoreAsync(token);
                await work(steps, token);
                return true;
            }),
        cancellationToken);

    // Once for each start of the control plane: a reboot takes the rules for egress, and the engine brings its bridges back without.
    private async Task RestoreAsync(CancellationToken cancellationToken)
    {
        if (_isRestored)
            return;
        await _restoring.WaitAsync(cancellationToken);
        try
        {
            if (!_isRestored)
                await _host.Networks.RestoreRulesAsync(_host.Owner, cancellationToken);
            _isRestored = true;
        }
        finally
        {
            _restoring.Release();
        }
    }

    private async Task KeepRulesAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                try
                {
                    await _host.Networks.KeepRulesAsync(_host.Owner, cancellationToken);
                }
                catch (Exception error) when (error is EngineException or TargetException or IOException)
                {
                    // The engine is away, or its network: the next look finds out.
                }

                await Task.Delay(RulesPause, _host.Time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The watch ended.
        }
    }

    private async Task RefusePodmanAsync(CancellationToken cancellationToken)
    {
        if (!_isDocker && DockerProbe.IsPodman(await _host.Engine.GetAsync("/version", cancellationToken)))
            throw new TargetException($"The engine at {_host.Door.Name} is Podman. {DockerProbe.WhyNotPodman}", retryable: false, fix: "Give the target a Docker engine (apt-get install -y docker.io).");
        _isDocker = true;
    }

    private static async Task<bool> DoneAsync(Task work)
    {
        await work;
        return true;
    }

    private async Task<T> AskAsync<T>(string what, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (EngineException error)
        {
            throw DockerErrors.Explain(error, $"{what} failed", target: Name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TargetException($"{what} failed: {error.Message.TrimEnd('.')}.", retryable: true, cause: error, fault: FullDisk.Is(error) ? TargetFault.Space : TargetFault.Target);
        }
    }
}
