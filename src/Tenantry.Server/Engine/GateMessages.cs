using Tenantry.Model.Instances;

namespace Tenantry.Server.Engine;

/// <summary>What a gateway tells the engine, at least once in <see cref="Every"/>: silence means that nobody knows what is under way.</summary>
/// <param name="Uses">Instances that were used since the last report or are in use now.</param>
/// <param name="Reply">The answer to an order, or null.</param>
/// <param name="FirstByte">What a wake came to in the end, or null.</param>
public sealed record GateReport(IReadOnlyList<InstanceUse> Uses, GateReply? Reply = null, FirstByte? FirstByte = null)
{
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
}

/// <summary>How an instance is used.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Requests">Requests under way, streams that stay open left out.</param>
/// <param name="Streams">WebSockets, tunnels and event streams that are open.</param>
/// <param name="QuietSeconds">Time since anything went to it or came from it.</param>
public sealed record InstanceUse(string InstanceId, int Requests, int Streams, double QuietSeconds);

/// <summary>Whether no request is under way behind a gate that was closed.</summary>
public sealed record GateReply(long Ticket, bool IsQuiet);

/// <summary>A wake's app part, known when the first byte of its request's answer is there.</summary>
public sealed record FirstByte(string InstanceId, WakeRecord Wake)
{
    private static readonly TimeSpan Begun = TimeSpan.FromMilliseconds(5);

    /// <summary>The first byte has come now. Null for a request that did not see all of the wake: the one that began it tells.</summary>
    /// <param name="instanceId">The instance.</param>
    /// <param name="wake">The wake that the request waited for.</param>
    /// <param name="seen">When the request was seen, a timestamp.</param>
    /// <param name="time">The clock.</param>
    public static FirstByte? Now(string instanceId, WakeRecord wake, long seen, TimeProvider time)
    {
        var all = time.GetUtcNow() - wake.At;
        return time.GetElapsedTime(seen) + Begun < all ? null : new FirstByte(instanceId, wake with { AppSeconds = Math.Max(0, all.TotalSeconds - wake.PlatformSeconds) });
    }
}

/// <summary>What the engine tells a gateway.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="InstanceId">The instance.</param>
/// <param name="Ticket">Names the order in the reply.</param>
/// <param name="Force">The gate stays closed whether or not requests are under way.</param>
/// <param name="QuietSeconds">How long nothing has moved, as far as the engine knows. The gate stays open when it knows of something later. Null: that does not matter.</param>
public sealed record GateOrder(GateOrderKind Kind, string InstanceId, long Ticket = 0, bool Force = false, double? QuietSeconds = null);

/// <summary>Kinds of orders to a gateway.</summary>
public enum GateOrderKind
{
    /// <summary>Let no request through; reply whether none is under way, and none came since. If not, and it is not forced, the gate stays open.</summary>
    Close,

    /// <summary>It may rest now: a request must ask for a wake before it goes through.</summary>
    Rested,

    /// <summary>Nothing came of it: the gate is open as before.</summary>
    Open,
}

/// <summary>A request waits for an instance.</summary>
/// <param name="Seconds">Time since it was seen.</param>
public sealed record WakeRequest(double Seconds)
{
    /// <summary>In the place of an instance's id: no instance has it, and a gateway asks for its wake once.</summary>
    public const string Nobody = "";
}

/// <summary>What came of it.</summary>
/// <param name="Outcome">Whether the instance runs now.</param>
/// <param name="Reason">If not: why, fit for strangers.</param>
/// <param name="RetryAfterSeconds">If not: when it may be tried again.</param>
/// <param name="Endpoint">How it is reached, or null.</param>
/// <param name="Wake">The wake, or null when it was awake already.</param>
public sealed record WakeAnswer(WakeOutcome Outcome, string Reason = "", int RetryAfterSeconds = 0, Endpoint? Endpoint = null, WakeRecord? Wake = null);

/// <summary>What came of a wake.</summary>
public enum WakeOutcome
{
    /// <summary>It runs.</summary>
    Awake,

    /// <summary>It is kept down by a person.</summary>
    Held,

    /// <summary>It is being made, changed or removed: there is nothing to wake.</summary>
    NotNow,

    /// <summary>It could not be woken.</summary>
    Failed,
}
