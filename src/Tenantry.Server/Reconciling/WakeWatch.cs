using Tenantry.Model.Instances;
using Tenantry.Model.Plans;

namespace Tenantry.Server.Reconciling;

/// <summary>Measures a wake: the platform's part ends when the last process was started or thawed, the app's when it is healthy.</summary>
/// <param name="from">The phase it wakes from.</param>
/// <param name="since">Since when it has been in it.</param>
/// <param name="before">Time between the request that asked for it and now.</param>
/// <param name="time">The clock.</param>
internal sealed class WakeWatch(InstancePhase from, DateTimeOffset since, TimeSpan before, TimeProvider time)
{
    private readonly DateTimeOffset _at = time.GetUtcNow() - before;
    private readonly long _begin = time.GetTimestamp();
    private TimeSpan? _platform;
    private TimeSpan _all;

    public void Take(StepEvent step)
    {
        _all = time.GetElapsedTime(_begin);
        if (step is { Action: StepAction.Start or StepAction.Thaw or StepAction.Replace, State: StepState.Done })
            _platform = _all;
    }

    public void End() => _all = time.GetElapsedTime(_begin);

    public WakeRecord Record()
    {
        var platform = _platform ?? _all;
        return new WakeRecord(_at, from, (before + platform).TotalSeconds, (_all - platform).TotalSeconds) { RestedSince = since };
    }
}
