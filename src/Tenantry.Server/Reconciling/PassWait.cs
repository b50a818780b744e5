using Tenantry.Model.Plans;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// A pass in which a target only waits, for an app to become healthy say: that is no work, so that it takes nobody's turn, and a newer wish ends it.
/// </summary>
/// <param name="told">Called with true when it begins to wait, and with false when it goes on.</param>
internal sealed class PassWait(Action<bool>? told) : IDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource broken = new();
    private long generation = long.MaxValue;
    private long newest;
    private bool isWaiting;

    /// <summary>Cancelled when there is a newer wish and nothing but waiting is left to do for the old one.</summary>
    public CancellationToken Broken => broken.Token;

    /// <summary>True while nothing is done but to wait.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (gate)
                return isWaiting;
        }
    }

    /// <summary>The pass works for the wish of that generation.</summary>
    public void Begin(long wished)
    {
        lock (gate)
            generation = wished;
    }

    public void Follow(StepEvent step)
    {
        var waits = step.Action == StepAction.Wait && step.State != StepState.Done;
        lock (gate)
        {
            if (waits == isWaiting)
                return;
            isWaiting = waits;
        }

        told?.Invoke(waits);
        Look();
    }

    /// <summary>The instance's spec is at that generation now.</summary>
    public void Tell(long wished)
    {
        lock (gate)
            newest = Math.Max(newest, wished);
        Look();
    }

    public void Dispose()
    {
        lock (gate)
            generation = long.MaxValue;
        broken.Dispose();
    }

    private void Look()
    {
        lock (gate)
        {
            if (isWaiting && newest > generation)
                _ = broken.CancelAsync();
        }
    }
}
