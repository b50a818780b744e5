using System.Reflection;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Reconciling.Histories;

/// <summary>The store as one process of a history sees it: each call waits for its turn, and what was written is checked.</summary>
public class GatedStore : DispatchProxy
{
    private static readonly MethodInfo Typed = typeof(GatedStore).GetMethod(nameof(CallAsync), BindingFlags.Instance | BindingFlags.NonPublic)!;
    private IStore _store = null!;
    private Schedule _schedule = null!;
    private FakeProcess _process = null!;
    private FencingRecord _fencing = null!;

    internal static IStore Of(IStore store, Schedule schedule, FakeProcess process, FencingRecord fencing)
    {
        var proxy = Create<IStore, GatedStore>();
        var gated = (GatedStore)(object)proxy;
        (gated._store, gated._schedule, gated._process, gated._fencing) = (store, schedule, process, fencing);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var method = targetMethod!;
        if (!typeof(Task).IsAssignableFrom(method.ReturnType))
            return method.Invoke(_store, args);
        var result = method.ReturnType.IsGenericType ? method.ReturnType.GetGenericArguments()[0] : typeof(bool);
        return Typed.MakeGenericMethod(result).Invoke(this, [method, args]);
    }

    private async Task<T> CallAsync<T>(MethodInfo method, object?[] args)
    {
        if (method.Name == nameof(IStore.RenewLeaseAsync))
        {
            // Timers of a process that lives are in time; those of one that stands still are not.
            if (_process.IsStalled)
                throw new StoreUnavailableException("the process stands still", new IOException());
            _process.ThrowIfDead();
        }
        else
        {
            await _schedule.TurnAsync(_process, Describe(method, args));
        }
        var call = (Task)method.Invoke(_store, args)!;
        await call;
        var result = call is Task<T> typed ? typed.Result : default!;
        _fencing.Note(_process, args, result);
        return result;
    }

    private static string Describe(MethodInfo method, object?[] args) => args[0] switch
    {
        InstanceStatus status => $"{method.Name} {status.Phase} '{status.Reason}'",
        PassOutcome outcome => $"{method.Name} {outcome.Status?.Phase} {outcome.Operation?.State} {(outcome.Remove ? "removed" : "")} '{outcome.Status?.Reason}'",
        _ => method.Name,
    };
}

/// <summary>Watches what was written: by whom, and whether it tells why.</summary>
internal sealed class FencingRecord
{
    private readonly Dictionary<string, long> _newest = new(StringComparer.Ordinal);

    public List<string> Violations { get; } = [];

    public void Note(FakeProcess process, object?[] args, object? result)
    {
        foreach (var claim in result as IReadOnlyList<ClaimedInstance> ?? [])
            _newest[claim.Lease.Key] = Math.Max(claim.Lease.Token, _newest.GetValueOrDefault(claim.Lease.Key));
        // Renewing and giving back say themselves whether the lease was still held.
        var isWrite = args[0] is InstanceStatus or Operation or PassOutcome;
        var lease = args.OfType<Lease>().FirstOrDefault() ?? args.OfType<PassOutcome>().FirstOrDefault()?.Lease;
        if (isWrite && lease is not null && lease.Token < _newest.GetValueOrDefault(lease.Key))
            Violations.Add($"A write of {lease.Key} under token {lease.Token} came after token {_newest[lease.Key]} was given out.");
        foreach (var status in args.OfType<InstanceStatus>().Concat(args.OfType<PassOutcome>().Select(outcome => outcome.Status).OfType<InstanceStatus>()))
        {
            if (status.Reason.Length == 0 && (status.Phase, status.Health) != (InstancePhase.Running, InstanceHealth.Healthy))
                Violations.Add($"The status of {status.Id} is {status.Phase}, {status.Health} and does not say why.");
        }
        if (args.OfType<PassOutcome>().FirstOrDefault()?.Status is { Failures: 0 } told && process.Seen.TryGetValue(told.Id, out var seen) && !IsTrue(told.Phase, seen))
            Violations.Add($"The status of {told.Id} says {told.Phase}, and what was seen last is {seen}.");
    }

    private static bool IsTrue(InstancePhase phase, ObservedState seen) => phase switch
    {
        InstancePhase.Running => seen == ObservedState.Running,
        InstancePhase.Frozen => seen == ObservedState.Frozen,
        InstancePhase.Asleep => seen == ObservedState.Stopped,
        _ => true,
    };
}
