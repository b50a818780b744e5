using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.Sleeping;

/// <summary>One instance as the sleeper follows it.</summary>
internal sealed class WatchedInstance(DateTimeOffset since)
{
    private static readonly TimeSpan AskedLately = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(200);
    private BusyAnswer answer = BusyAnswer.NotAsked;
    private DateTimeOffset answeredAt;

    public UsageWindow Usage { get; } = new();

    /// <summary>When the app last said that it is busy.</summary>
    public DateTimeOffset? BusyAt { get; private set; }

    /// <summary>When it is measured next.</summary>
    public DateTimeOffset MeasureAt { get; private set; }

    /// <summary>When its quota is asked next whether it may be awake.</summary>
    public DateTimeOffset AskQuotaAt { get; set; }

    public bool IsAsking { get; set; }

    public IdleVerdict? Verdict { get; set; }

    /// <summary>When it last began to run, as far as this engine knows.</summary>
    public DateTimeOffset AwakeSince { get; private set; } = since;

    /// <summary>What was decided of one that runs and not yet done.</summary>
    public InstanceRest? Pending { get; set; }

    private InstancePhase Phase { get; set; } = InstancePhase.Running;

    // What was begun between two looks shows in these alone.
    private (DateTimeOffset? Wake, long Generation)? Start { get; set; }

    public void Follow(InstanceRecord record, DateTimeOffset now)
    {
        var phase = record.Status.Phase;
        var start = (record.Status.Wake?.At, record.Status.ObservedGeneration);
        if (phase == InstancePhase.Running && (Phase != InstancePhase.Running || (Start is { } before && before != start)))
        {
            AwakeSince = now;
            Usage.Reset();
            MeasureAt = now;
            answer = BusyAnswer.NotAsked;
        }

        // One of an engine before this one, too. That the same was decided once more is told to nobody: here it is known.
        var decided = PendingOf(record);
        if (decided?.Depth != Pending?.Depth || decided?.At > Pending?.At)
            Pending = decided;
        (Phase, Start) = (phase, start);
    }

    public static InstanceRest? PendingOf(InstanceRecord? record) =>
        record is { Status.Phase: InstancePhase.Running, Rest: { Depth: not DesiredState.Running } rest } ? rest : null;

    public void Measured(SleepPolicy policy, DateTimeOffset now, TimeSpan every)
    {
        var quarter = ShortestOf(policy) / 4;
        MeasureAt = now + (quarter < ShortestLook ? ShortestLook : quarter < every ? quarter : every);
    }

    public void Answered(BusyAnswer said, DateTimeOffset now)
    {
        answer = said;
        answeredAt = now;
        if (said == BusyAnswer.Busy)
            BusyAt = now;
    }

    public BusyAnswer AnswerAt(BusyDefinition busy, SleepPolicy policy, DateTimeOffset now)
    {
        if (busy is { Http: null, Command.Count: 0 })
            return BusyAnswer.Nobody;
        var lately = ShortestOf(policy) / 2;
        return now - answeredAt > (lately < AskedLately ? lately : AskedLately) ? BusyAnswer.NotAsked : answer;
    }

    public static TimeSpan ShortestOf(SleepPolicy policy) => policy.FreezeAfter ?? policy.After ?? TimeSpan.FromMinutes(1);
}
