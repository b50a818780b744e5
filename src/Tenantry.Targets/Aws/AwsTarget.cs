using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Aws;

/// <summary>Runs instances in AWS: for each a workspace of Terraform with a network, a Fargate service and what belongs to it.</summary>
internal sealed class AwsTarget : ITarget, ILogs, ISockets, IAdopt, IStateLocks, IActualCosts, ILooks
{
    internal const string KindName = "aws";

    private static readonly TimeSpan LogPause = TimeSpan.FromSeconds(2);
    private readonly AwsHost _host;
    private readonly AwsObserver _observer;
    private readonly AwsPlanner _planner;
    private readonly InstanceApplier _applier;

    internal AwsTarget(TargetContext context)
    {
        _host = new AwsHost(context, AwsTargetOptions.Parse(context.Options));
        _observer = new AwsObserver(_host);
        _planner = new AwsPlanner(_host, _observer);
        _applier = new InstanceApplier(_host, _planner, _observer);
        Name = context.Name;
    }

    /// <summary>This target's line of the catalogue.</summary>
    internal static TargetKind Catalogued { get; } = new(
        KindName,
        "AWS through Terraform: a workspace for each client and environment, with a network of its own and a Fargate service",
        AwsTargetOptions.Known,
        context => new AwsTarget(context))
    {
        Capabilities = TargetCapabilities.Of<AwsTarget>(),
        CheckOptions = options => AwsTargetOptions.Parse(options),
        IsOneMachine = options => !options.TryGetValue("state", out var state) || state == "local",
        IsOfItsFolder = true,
        Settled = ["endpoint", "profile", "project", "region", "state"],
        HasBill = true,
        CostOf = AwsRendered.CostOf,
    };

    public string Kind => KindName;

    public string Name { get; }

    public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => AwsProbe.LookAsync(_host, cancellationToken);

    public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) =>
        AskAsync("Planning", () => _planner.PlanAsync(workload, seen, cancellationToken));

    public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) =>
        StepsAsync("Applying", (steps, token) => _applier.ApplyAsync(plan, workload, steps, token), cancellationToken);

    public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        AskAsync("Observing", () => _observer.ObserveAsync(instance, cancellationToken));

    public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) => StepsAsync(
        "Stopping",
        async (steps, token) =>
        {
            if (await _host.Store.FindAsync(instance, token) is not { } record)
                return;
            var tasks = _observer.TasksOf(record);
            if (await tasks.FindAsync(token) is not { Desired: > 0 })
                return;
            var service = record.Variables["service"]!;
            await steps.StepAsync(AwsNames.Tasks(record.Workspace), StepAction.Stop, async tell =>
            {
                await InstanceApplier.CountAsync(tasks, 0, service["min"]!.GetValue<int>(), service["max"]!.GetValue<int>(), token);
                if (_host.Prices.Estimate(record.Variables, _host.Options.Region) is { } estimate)
                    tell($"still costs about {estimate.Asleep} a month: {string.Join(", ", estimate.KeptAsleep.Select(line => line.What))}");
            });
        },
        cancellationToken);

    public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) => StepsAsync(
        "Waking",
        async (steps, token) =>
        {
            var wanted = workload with { Desired = DesiredState.Running };
            await _applier.ApplyAsync(await _planner.PlanAsync(wanted, await _observer.ObserveAsync(workload.Ref, token), token), wanted, steps, token);
        },
        cancellationToken);

    public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        StepsAsync("Removing", (steps, token) => new InstanceRemover(_host, _observer).DeleteAsync(instance, steps, token), cancellationToken);

    public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) => AskAsync<IReadOnlyList<InstanceRef>>(
        "Listing",
        async () => [.. (await _host.Store.ListAsync(owner, cancellationToken)).Select(record => record.Ref)]);

    public Task<Plan> PlanAdoptionAsync(InstanceWorkload workload, AdoptionSource source, CancellationToken cancellationToken) =>
        AskAsync("Planning", () => new AwsAdoption(_host, _planner).PlanAsync(workload, source, cancellationToken));

    public Task OfferAsync(InstanceWorkload workload, AdoptionSource source, CancellationToken cancellationToken) => AskAsync(
        "Taking over",
        async () =>
        {
            await new AwsAdoption(_host, _planner).OfferAsync(workload, source, cancellationToken);
            return true;
        });

    public Task<StateHolder?> FindHolderAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        AskAsync("Looking who holds it", () => new AwsLocks(_host).FindAsync(instance, cancellationToken));

    public Task BreakHoldAsync(InstanceRef instance, string id, CancellationToken cancellationToken) => AskAsync(
        "Giving it free",
        async () =>
        {
            await new AwsLocks(_host).BreakAsync(instance, id, cancellationToken);
            return true;
        });

    public Task<IReadOnlyList<LookedAt>> LookAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        AskAsync("Looking", () => new AwsLooks(_host, _observer).LookAsync(instance, cancellationToken));

    public Task<IReadOnlyList<ActualCost>> ReadCostsAsync(string owner, DateOnly month, CancellationToken cancellationToken) =>
        AskAsync("Asking for costs", () => new AwsBill(_host).ReadAsync(owner, month, cancellationToken));

    public async IAsyncEnumerable<LogLine> ReadLogsAsync(InstanceRef instance, LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var record = await AskAsync("Reading the log", () => _host.Store.FindAsync(instance, cancellationToken))
            ?? throw new TargetException("There is no such instance here.", retryable: true, AwsNames.Instance(instance));
        var services = record.Variables["containers"]!.AsArray().Select(container => container!["name"]!.GetValue<string>()).ToList();
        if (request.Service is { } service && !services.Contains(service, StringComparer.Ordinal))
            throw new TargetException($"It has no service {service}. It has: {string.Join(", ", services)}.", retryable: false, AwsNames.Instance(instance));
        var lines = new TaskLogs(_host.AwsOf(record.RoleArn), _observer.LogGroup(record)).ReadAsync(request, _host.Time, LogPause, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var closing = lines.ConfigureAwait(false);
        while (await AskAsync("Reading the log", async () => await lines.MoveNextAsync()))
            yield return lines.Current;
    }

    // The load balancer, or the task, is reached over the network that this machine is in.
    public Task<SafeSocketHandle> OpenSocketAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult(NamespaceSockets.OpenTcpHere());
        }
        catch (LinuxException error)
        {
            throw new TargetException($"No socket can be made: {error.Message}.", retryable: true, cause: error);
        }
    }

    public ValueTask DisposeAsync()
    {
        _host.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IAsyncEnumerable<StepEvent> StepsAsync(string what, Func<StepWriter, CancellationToken, Task> work, CancellationToken cancellationToken) => StepStream.RunAsync(
        (steps, token) => AskAsync(
            what,
            async () =>
            {
                await work(steps, token);
                return true;
            }),
        cancellationToken);

    private static async Task<T> AskAsync<T>(string what, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (AwsException error)
        {
            throw AwsErrors.Explain(error, what);
        }
        catch (FileNotFoundException error) when (error.FileName is { } program && !program.Contains("tfvars", StringComparison.Ordinal))
        {
            throw AwsErrors.NoProgram([program]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LinuxException)
        {
            throw new TargetException($"{what} failed: {error.Message.TrimEnd('.')}.", retryable: true, cause: error, fault: FullDisk.Is(error) ? TargetFault.Space : TargetFault.Target);
        }
    }
}
