using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Reconciling;

namespace Tenantry.Server.Sleeping;

/// <summary>All that is known of an instance when it is decided whether it rests.</summary>
/// <param name="Now">The time.</param>
/// <param name="Policy">Its tier's sleep policy.</param>
/// <param name="Busy">What counts as work.</param>
/// <param name="Hold">A person's word.</param>
/// <param name="Present">What it should be doing at present.</param>
/// <param name="CanFreeze">Whether its target can.</param>
/// <param name="AwakeSince">When it last began to run; nothing is known of the time before.</param>
/// <param name="RestsSince">While it is frozen: the last sign of work before that; null when a person froze it.</param>
/// <param name="Traffic">What gateways see; null when nobody can say.</param>
/// <param name="Usage">What it uses.</param>
/// <param name="Answer">What the app itself says.</param>
/// <param name="BusyAt">When it last said that it is busy, or null.</param>
/// <param name="Commands">What people run inside it.</param>
public sealed record IdleFacts(
    DateTimeOffset Now,
    SleepPolicy Policy,
    BusyDefinition Busy,
    InstanceHold Hold,
    DesiredState Present,
    bool CanFreeze,
    DateTimeOffset AwakeSince,
    DateTimeOffset? RestsSince,
    InstanceTraffic? Traffic,
    UsageSeen Usage,
    BusyAnswer Answer,
    DateTimeOffset? BusyAt = null,
    CommandsSeen Commands = default);

/// <summary>What an instance was seen to use.</summary>
/// <param name="LastWorkAt">When that was last above what counts as idle.</param>
/// <param name="Work">What it was then.</param>
/// <param name="Unknown">Why it is not known what it uses; null when it is.</param>
/// <param name="Since">Since when it is measured: what it used before that is not known.</param>
/// <param name="CalledOutAt">When it had last sent more in a minute than counts as idle: an answer to that may still come.</param>
/// <param name="IsCallGuessed">That was sent in a time in which it was not measured, and maybe not within a minute.</param>
public sealed record UsageSeen(DateTimeOffset? LastWorkAt, string Work, string? Unknown, DateTimeOffset? Since = null, DateTimeOffset? CalledOutAt = null, bool IsCallGuessed = false)
{
    public static readonly UsageSeen Nothing = new(null, "", null);
}

/// <summary>What the app itself says.</summary>
public enum BusyAnswer
{
    /// <summary>It has nothing to ask.</summary>
    Nobody,

    /// <summary>It was not asked lately: ask.</summary>
    NotAsked,

    Idle,

    Busy,

    /// <summary>It was asked and did not answer as it should.</summary>
    NoAnswer,
}

/// <summary>What was decided.</summary>
/// <param name="Depth">What it should be doing from now on, or null: as it is.</param>
/// <param name="Reason">Why, for a person.</param>
/// <param name="IdleSince">The last sign of work.</param>
/// <param name="Ask">The app is to be asked before it can be decided.</param>
public sealed record IdleVerdict(DesiredState? Depth, string Reason, DateTimeOffset IdleSince, bool Ask = false)
{
    /// <summary>Nothing was found out this time: what was decided before stands as long as it lasts.</summary>
    public bool IsOpen { get; init; }
}
