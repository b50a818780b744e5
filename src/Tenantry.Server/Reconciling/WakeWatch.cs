using Tenantry.Model.Instances;
using Tenantry.Model.Plans;

namespace Tenantry.Server.Reconciling;

/// <summary>Measures a wake: the platform's part ends when the last process was started or thawed, the app's when it is healthy.</summary>
/// <param name="from">The phase it wakes from.</param>
/// <param name="since">Since when it has been in it.</param>
/// <param name="begin">When it began, a timestamp: the request that asked for it was seen, or the pass began that found it to be due.</param>
/// <param name="time">The clock.</param>
internal sealed class WakeWatch(InstancePhase from, DateTimeOffset since, long begin, TimeProvider time)
{
    private readonly DateTimeOffset _at = time.GetUtcNow() - time.GetElapsedTime(begin);
    private TimeSpan? _platform;
    private TimeSpan _all;

    public void Take(StepEvent step)
    {
        _all = time.GetElapsedTime(begin);
        if (step is { Action: StepAction.Start or StepAction.Thaw or StepAction.Replace, State: StepState.Done })
            _platform = _all;
    }

    public void End() => _all = time.GetElapsedTime(begin);

    public WakeRecord Record()
    {
        var platform = _platform ?? _all;
        return new WakeRecord(_at, from, platform.TotalSeconds, (_all - platform).TotalSeconds) { RestedSince = since };
    }
}
