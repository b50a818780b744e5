using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Abstractions;

/// <summary>What another control plane, or a person, made for an instance with the tool that the target drives.</summary>
/// <param name="State">The tool's own record of what is there.</param>
/// <param name="Variables">What it was made from.</param>
public sealed record AdoptionSource(string State, string Variables);

/// <summary>A target that can take over what is there already. Nothing is removed by it, nor made anew: what would have to be is refused with a terminal <see cref="TargetException"/>.</summary>
public interface IAdopt
{
    /// <summary>What the first pass would change of what is there. No side effects.</summary>
    Task<Plan> PlanAdoptionAsync(InstanceWorkload workload, AdoptionSource source, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps it for the instance: whatever is applied next for a workload of that name takes over what is there instead of making it, with its network range. Idempotent; may be
    /// called before the instance is stored.
    /// </summary>
    Task OfferAsync(InstanceWorkload workload, AdoptionSource source, CancellationToken cancellationToken);
}

/// <summary>Who holds an instance's state, so that nobody else can change it.</summary>
/// <param name="Id">Names this hold and no later one.</param>
/// <param name="Who">User and machine.</param>
/// <param name="What">What they do, such as <c>apply</c>.</param>
/// <param name="Since">Since when.</param>
/// <param name="IsAtWork">True when a run that this engine knows of holds it and lives.</param>
public sealed record StateHolder(string Id, string Who, string What, DateTimeOffset Since, bool IsAtWork);

/// <summary>A target whose instances' state can be held by somebody who died.</summary>
public interface IStateLocks
{
    /// <summary>Who holds it, or null.</summary>
    Task<StateHolder?> FindHolderAsync(InstanceRef instance, CancellationToken cancellationToken);

    /// <summary>Breaks that hold. Throws a terminal <see cref="TargetException"/> when another one holds it by now, or when whoever holds it is seen to be at work.</summary>
    Task BreakHoldAsync(InstanceRef instance, string id, CancellationToken cancellationToken);
}

/// <summary>What an instance cost in a month.</summary>
/// <param name="Instance">Which one, as the target names it in its bills.</param>
/// <param name="Amount">So far, in a month that is not over.</param>
public sealed record ActualCost(InstanceRef Instance, Money Amount);

/// <summary>A target whose bill tells what each instance cost.</summary>
public interface IActualCosts
{
    /// <summary>What instances of that owner cost in a month: those that the target has, and under an id of its own whatever else the bill names.</summary>
    /// <param name="owner">The ownership label.</param>
    /// <param name="month">Its first day.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task<IReadOnlyList<ActualCost>> ReadCostsAsync(string owner, DateOnly month, CancellationToken cancellationToken);
}
