using System.Globalization;
using Tenantry.Model.Manifests;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Sleeping;

/// <summary>Samples of what one instance uses, and when that was last work.</summary>
public sealed class UsageWindow
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    // Far longer than measurements are apart: what was meanwhile would vanish in the average.
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(90);
    private readonly Queue<(DateTimeOffset At, double Cpu, long Sent)> samples = new();
    private DateTimeOffset last;
    private long? lastSent;
    private bool wasUnknown;

    /// <summary>What is known now.</summary>
    public UsageSeen Seen { get; private set; } = new(null, "", "it was not measured yet");

    /// <summary>Takes in a sample.</summary>
    /// <param name="usage">What the target counted.</param>
    /// <param name="busy">What counts as work: cores, and bytes sent in a minute.</param>
    /// <param name="window">Time over which it is averaged; at most a minute.</param>
    public void Add(InstanceUsage usage, BusyDefinition busy, TimeSpan window)
    {
        if (usage is not { CpuSeconds: { } cpu, SentBytes: { } sent })
        {
            Fail("its target does not count CPU or traffic");
            return;
        }

        if (usage.At < last)
            PutBack(usage.At);
        else if (samples.Count > 0 && usage.At - last > Gap)
            Fail("it was not measured for a while");
        last = usage.At;
        window = window < Minute ? window : Minute;
        while (samples.Count > 1 && usage.At - samples.ElementAt(1).At >= Minute)
            samples.Dequeue();
        if (samples.Count > 0)
            Seen = Judge(samples.LastOrDefault(sample => sample.At <= usage.At - window, samples.Peek()), usage.At, cpu, sent, busy, Seen);
        else
            // What it did while nobody could see it may have been work, and so may what it did before anybody looked.
            Seen = (wasUnknown ? Seen with { LastWorkAt = usage.At, Work = "what it used was not known until" } : Seen) with { Unknown = null, Since = usage.At };
        // In a minute, or since anybody looked last; what told of a call once tells of no later one.
        var before = samples.Count > 0 ? samples.FirstOrDefault(sample => !(sample.At < Seen.CalledOutAt), samples.Peek()).Sent : lastSent ?? 0;
        if (sent - (sent < before ? 0 : before) > busy.Outbound)
            Seen = Seen with { CalledOutAt = usage.At, IsCallGuessed = samples.Count == 0 };
        (lastSent, wasUnknown) = (sent, false);
        samples.Enqueue((usage.At, cpu, sent));
    }

    /// <summary>It could not be measured: nothing is known until it can be again.</summary>
    public void Fail(string why)
    {
        samples.Clear();
        wasUnknown = true;
        Seen = Seen with { Unknown = why };
    }

    /// <summary>It was at rest: what it used before says nothing.</summary>
    public void Reset() => samples.Clear();

    // The clock was: nothing is later than now, and how long ago the samples were is not known.
    private void PutBack(DateTimeOffset now)
    {
        samples.Clear();
        Seen = Seen with { LastWorkAt = Seen.LastWorkAt > now ? now : Seen.LastWorkAt, CalledOutAt = Seen.CalledOutAt > now ? now : Seen.CalledOutAt };
    }

    private static UsageSeen Judge((DateTimeOffset At, double Cpu, long Sent) first, DateTimeOffset at, double cpu, long sent, BusyDefinition busy, UsageSeen before)
    {
        var time = at - first.At;
        if (time <= TimeSpan.Zero)
            return before with { Unknown = null };

        // A counter that went back began anew: something was started.
        if (cpu < first.Cpu || sent < first.Sent)
            return before with { LastWorkAt = at, Work = "something in it was started", Unknown = null };
        var cores = (cpu - first.Cpu) / time.TotalSeconds;
        if (cores > (double)busy.Cpu)
            return before with { LastWorkAt = at, Work = string.Create(CultureInfo.InvariantCulture, $"used {cores:0.00} cores"), Unknown = null };
        var bytes = (sent - first.Sent) * (Minute / (time < Minute ? time : Minute));
        if (sent - first.Sent > 0 && bytes > busy.Outbound)
            return before with { LastWorkAt = at, Work = string.Create(CultureInfo.InvariantCulture, $"sent {bytes / 1000:0.#} kB a minute"), Unknown = null };
        return before with { Unknown = null };
    }
}
