using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Fake;

/// <summary>Calls of a target that a script can answer for.</summary>
public enum FakeCall
{
    Probe,
    Plan,
    Observe,
    Step,
    Stop,
    Wake,
    Freeze,
    Delete,
}

/// <summary>What a fake target does instead of what it was asked.</summary>
public abstract record FakeReaction
{
    private FakeReaction()
    {
    }

    /// <summary>Fails before it has any effect.</summary>
    public sealed record Fail(string Message, bool Retryable) : FakeReaction;

    /// <summary>Takes effect, and then fails: the answer was lost.</summary>
    public sealed record FailAfter(string Message) : FakeReaction;

    /// <summary>Does not answer until it is cancelled.</summary>
    public sealed record Hang : FakeReaction;

    /// <summary>The whole instance disappears from the world, and the call goes on.</summary>
    public sealed record Vanish : FakeReaction;

    /// <summary>Says that it succeeded and does nothing.</summary>
    public sealed record Lie : FakeReaction;

    /// <summary>Takes that long by the target's clock.</summary>
    public sealed record Slow(TimeSpan Time) : FakeReaction;
}

/// <summary>Decides how a fake target reacts; the default lets everything succeed.</summary>
public sealed class FakeScript
{
    private readonly Lock gate = new();
    private readonly List<(FakeCall Call, string? Instance, FakeReaction Reaction)> once = [];

    /// <summary>Asked for every call after the reactions given with <see cref="Next"/>; null: nothing unusual.</summary>
    public Func<FakeCall, string, FakeReaction?> Decide { get; set; } = (_, _) => null;

    /// <summary>The next such call (for that instance's id, if given) reacts so, once.</summary>
    public void Next(FakeCall call, FakeReaction reaction, string? instanceId = null)
    {
        lock (gate)
            once.Add((call, instanceId, reaction));
    }

    internal FakeReaction? For(FakeCall call, string instanceId)
    {
        lock (gate)
        {
            var found = once.FindIndex(entry => entry.Call == call && (entry.Instance is null || entry.Instance == instanceId));
            if (found >= 0)
            {
                var reaction = once[found].Reaction;
                once.RemoveAt(found);
                return reaction;
            }
        }

        return Decide(call, instanceId);
    }

    internal static TargetException Failure(string message, bool retryable) => new(message, retryable);
}
