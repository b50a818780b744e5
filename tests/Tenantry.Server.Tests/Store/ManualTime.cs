namespace Tenantry.Server.Tests.Store;

/// <summary>A clock that only a test moves. Timers fire inside <see cref="Advance"/>, in order.</summary>
internal sealed class ManualTime : TimeProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public void Advance(TimeSpan by)
    {
        var until = GetUtcNow() + by;
        while (true)
        {
            ManualTimer? next;
            lock (_lock)
            {
                next = _timers.Where(timer => timer.Due <= until).MinBy(timer => timer.Due);
                if (next is null)
                {
                    _now = until;
                    return;
                }
                if (next.Due > _now)
                    _now = next.Due;
                next.Rearm();
            }
            next.Fire();
        }
    }

    /// <summary>Waits until somebody has a timer that fires within that time: who moves the clock before its timer is set waits for it in vain.</summary>
    public async Task WaitForTimerAsync(TimeSpan within)
    {
        for (var patience = 0; patience < 6000; patience++)
        {
            lock (_lock)
            {
                if (_timers.Exists(timer => timer.Due <= _now + within))
                    return;
            }
            await Task.Delay(10);
        }
        throw new TimeoutException($"Within a minute nobody set a timer for the next {within}.");
    }

    /// <summary>The clock goes on while the process does not: no timer fires, as after SIGSTOP or a machine that slept.</summary>
    public void Leap(TimeSpan by)
    {
        lock (_lock)
            _now += by;
    }

    /// <summary>Moves the clock on, step by step, until the task has ended.</summary>
    public async Task AdvanceUntilAsync(Task task, TimeSpan step)
    {
        var begin = System.GetTimestamp();
        while (!task.IsCompleted)
        {
            if (System.GetElapsedTime(begin) > Patience)
                throw new TimeoutException($"What was waited for has not ended after {Patience.TotalSeconds} s, by this clock at {GetUtcNow():O}.");
            Advance(step);
            await Task.Delay(1);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualTime clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                Due = clock._now + dueTime;
                clock._timers.Add(this);
            }
            return true;
        }

        public void Rearm()
        {
            if (_period > TimeSpan.Zero)
                Due += _period;
            else
                clock._timers.Remove(this);
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock._lock)
                clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
