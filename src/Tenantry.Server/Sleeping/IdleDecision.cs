using System.Globalization;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.Sleeping;

/// <summary>Decides whether an instance rests: pure, and awake in doubt.</summary>
public static class IdleDecision
{
    /// <summary>A stream that carried something in this time is in use, and who called out in it may wait for the answer, however short the policy's times are.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    /// <summary>The decision.</summary>
    public static IdleVerdict Of(IdleFacts now)
    {
        if (now.Policy.Awake.FirstOrDefault(schedule => AwakeHours.Covers(schedule, now.Now)) is { } hours)
            return Awake(now, AwakeText.Write(hours));
        if (now.Hold == InstanceHold.Awake)
            return Awake(now, "held by a person");
        return now.Present switch
        {
            DesiredState.Frozen => Frozen(now),
            DesiredState.Asleep => new(null, $"asleep, idle for {Time(now.Now - (now.RestsSince ?? now.Now))}", now.RestsSince ?? now.Now),
            _ => Running(now),
        };
    }

    private static IdleVerdict Running(IdleFacts now)
    {
        var freeze = now.CanFreeze ? now.Policy.FreezeAfter : null;
        if ((freeze ?? now.Policy.After) is not { } first)
            return new(null, "awake: its sleep policy says never", now.Now);
        if (now.Traffic is not { } traffic)
            return Awake(now, "no gateway says what is under way");
        if (traffic.Requests > 0)
            return Awake(now, $"{Count(traffic.Requests, "request")} in flight");
        if (now.Commands.Running > 0)
            return Awake(now, Commands(now));
        if (traffic.Streams > 0 && now.Now - traffic.LastAt < Later(Patience, first))
            return Awake(now, $"{Count(traffic.Streams, "open stream")}, traffic {Time(now.Now - traffic.LastAt)} ago");
        if (now.Usage.Unknown is { } unknown)
            return Awake(now, $"what it uses is not known: {unknown}");
        if (now.Now - now.AwakeSince < now.Policy.MinimumAwake)
            return new(null, $"awake: for at least {Time(now.Policy.MinimumAwake)} after a start or wake, {Time(now.Now - now.AwakeSince)} ago", now.AwakeSince);

        var since = Latest(Latest(Latest(traffic.LastAt, now.AwakeSince, now.Usage.LastWorkAt), now.Usage.Since ?? now.AwakeSince, now.BusyAt), now.AwakeSince, now.Commands.LastAt);
        var idle = now.Now - since;
        if (idle < first && now.BusyAt == since)
            return new(null, $"awake: the app says that it is busy, asked {Time(idle)} ago", since);
        if (idle < first && now.Usage.LastWorkAt == since)
            return new(null, $"awake: {now.Usage.Work} {Time(idle)} ago", since);
        if (idle < first)
            return new(null, $"idle for {Time(idle)}, {(first == freeze ? "freezes" : "sleeps")} in {Time(first - idle)}", since);
        if (now.Usage.CalledOutAt is { } called && now.Now - called < Patience)
        {
            var ago = Time(now.Now - called);
            return new(
                null, now.Usage.IsCallGuessed ? $"awake: what it sent before it was measured, {ago} ago, may have been a call that it waits for" : $"awake: called out {ago} ago, and may wait for the answer", called);
        }

        return now.Answer switch
        {
            BusyAnswer.NotAsked => new(null, $"idle for {Time(idle)}; the app is asked whether it is busy", since, Ask: true),
            BusyAnswer.Busy => new(null, "awake: the app says that it is busy", since),
            BusyAnswer.NoAnswer => new(null, "awake: the app was asked whether it is busy and gave no clear answer in time", since),
            _ => new(freeze is null || (now.Policy.After is { } after && idle >= after) ? DesiredState.Asleep : DesiredState.Frozen, $"idle since {since.UtcDateTime:HH:mm:ss} UTC", since),
        };
    }

    private static IdleVerdict Frozen(IdleFacts now)
    {
        // It began in the moment of the freeze, and would not end. What a person froze stays so.
        if (now.Commands.Running > 0 && now.RestsSince is not null)
            return Awake(now, Commands(now));
        var since = now.RestsSince ?? now.Now;
        if (now.Policy.After is not { } after)
            return new(null, $"frozen, idle for {Time(now.Now - since)}", since);
        var idle = now.Now - since;
        return idle < after
            ? new(null, $"frozen, idle for {Time(idle)}, sleeps in {Time(after - idle)}", since)
            : new(DesiredState.Asleep, $"idle since {since.UtcDateTime:HH:mm:ss} UTC", since);
    }

    private static IdleVerdict Awake(IdleFacts now, string why) =>
        new(now.Present == DesiredState.Running ? null : DesiredState.Running, $"awake: {why}", now.Now);

    private static string Commands(IdleFacts now) => now.Commands.Running == 1 ? "1 command runs in it" : string.Create(CultureInfo.InvariantCulture, $"{now.Commands.Running} commands run in it");

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static DateTimeOffset Latest(DateTimeOffset one, DateTimeOffset other, DateTimeOffset? third)
    {
        var latest = one > other ? one : other;
        return third > latest ? third.Value : latest;
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : string.Create(CultureInfo.InvariantCulture, $"{count} {what}s");

    internal static string Time(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => "a moment",
        { TotalSeconds: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        { TotalMinutes: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min"),
        { TotalHours: < 36 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0} days"),
    };
}
