using Microsoft.Extensions.Logging;
using Tenantry.Model.Manifests;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Abstractions;

/// <summary>What the core hands to a target when it makes one.</summary>
/// <param name="Name">The name that the operator gave it.</param>
/// <param name="Owner">The control plane's id: the ownership label.</param>
/// <param name="DataFolder">A folder of this target's own that outlives restarts; the target creates it.</param>
/// <param name="RunFolder">A folder of this target's own that is emptied by a reboot of the machine; the target creates it.</param>
/// <param name="Options">The operator's options, all strings, as in <c>tenantry target add --option key=value</c>.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">For the log.</param>
public sealed record TargetContext(
    string Name,
    string Owner,
    string DataFolder,
    string RunFolder,
    IReadOnlyDictionary<string, string> Options,
    TimeProvider Time,
    ILogger Logger)
{
    /// <summary>Where networks for instances are given out. Unless the core says otherwise they are known only as long as this context.</summary>
    public INetworkRanges Ranges { get; init; } = new Ranges.RememberedRanges(Time);
}

/// <summary>One line of the catalogue: a kind of target, what it is called for a person, its options, and how one is made.</summary>
/// <param name="Kind">Such as <c>local</c>.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Options">Each known option and what it means; an unknown one is refused when the target is added.</param>
/// <param name="Create">Makes one. Throws a terminal <see cref="TargetException"/> for options that make no sense; touches nothing outside.</param>
public sealed record TargetKind(
    string Kind,
    string Summary,
    IReadOnlyDictionary<string, string> Options,
    Func<TargetContext, ITarget> Create)
{
    /// <summary>What its targets can besides running an instance: <see cref="TargetCapabilities.Of{T}"/>.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>Throws a terminal <see cref="TargetException"/> that names every option whose value makes no sense. Touches nothing.</summary>
    public Action<IReadOnlyDictionary<string, string>> CheckOptions { get; init; } = _ => { };

    /// <summary>True when a target with these options is the machine of the engine that uses it: no other engine can work on what is there.</summary>
    public Func<IReadOnlyDictionary<string, string>, bool> IsOneMachine { get; init; } = _ => false;

    /// <summary>Options that say where things are: another value would lead away from what instances have. They stay as they are while an instance is on the target.</summary>
    public IReadOnlyList<string> Settled { get; init; } = [];

    /// <summary>Why nothing of a manifest can run on such a target, as far as the manifest alone tells. What only an instance tells, the plan refuses.</summary>
    public Func<Manifest, IReadOnlyList<ManifestObjection>> RefusalsOf { get; init; } = _ => [];

    /// <summary>Sentences that a person should know who runs it there.</summary>
    public Func<Manifest, IReadOnlyList<string>> NotesOn { get; init; } = _ => [];

    /// <summary>True when its targets are <see cref="IActualCosts"/>.</summary>
    public bool HasBill { get; init; }

    /// <summary>What an instance costs a month on a target with these options; null where it is not known. Without it such targets have no prices. Pure; secrets may be marks.</summary>
    public Func<InstanceWorkload, IReadOnlyDictionary<string, string>, MonthlyCost?>? CostOf { get; init; }

    /// <summary>True when all that it makes hangs on its data folder, so that another engine on the same machine has nothing of it.</summary>
    public bool IsOfItsFolder { get; init; }
}

/// <summary>Something in a manifest that a kind of target cannot run.</summary>
/// <param name="Path">The key, such as <c>services.web.user</c>.</param>
/// <param name="Sentence">Why, and what to write instead.</param>
public sealed record ManifestObjection(string Path, string Sentence);
