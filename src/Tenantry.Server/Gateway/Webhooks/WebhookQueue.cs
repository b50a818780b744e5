namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>How far the way to an instance is open.</summary>
internal enum WayTo
{
    /// <summary>It does not run, and no request would start it.</summary>
    Shut,

    /// <summary>It rests: who comes wakes it.</summary>
    Resting,

    /// <summary>It is let through.</summary>
    Open,
}

/// <summary>
/// The webhooks of one instance on their way. After one that was not taken they pause, the longer the more often; the pause ends early when the way to the instance opened
/// meanwhile, or a person wants it.
/// </summary>
internal sealed class WebhookQueue
{
    /// <summary>So often an app may leave one unanswered.</summary>
    public const int MostLate = 3;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    // An app that hangs may come to itself, and one that still works on it is not asked the same beside that.
    private static readonly TimeSpan FirstPauseWhenLate = TimeSpan.FromMinutes(1);
    private int failures;
    private WayTo worst;
    private long closings;
    private WebhookPause? pause;

    /// <param name="before">What a gateway before this one left: it is tried at once, and how often it was late counts.</param>
    public WebhookQueue(WebhookPause? before) => pause = before;

    public Task Working { get; set; } = Task.CompletedTask;

    public DateTimeOffset NotBefore { get; private set; }

    /// <summary>There is a file of the pause; when it is gone, somebody wants them to be tried now.</summary>
    public bool IsNoted { get; set; }

    /// <summary>Whether one may be sent. To be asked often while they pause: it sees how the way opens.</summary>
    /// <param name="now">The time.</param>
    /// <param name="way">How it is now.</param>
    /// <param name="closed">How often the instance's gate was closed so far, as for a restart that is quicker than the next look.</param>
    public bool MayTry(DateTimeOffset now, WayTo way, long closed)
    {
        if (now >= NotBefore)
            return true;
        if (way > worst || (way == WayTo.Open && closed != closings))
        {
            Again();
            return true;
        }

        worst = way;
        return false;
    }

    /// <summary>They are to be tried now, and the pauses begin anew.</summary>
    public void Again() => (failures, NotBefore) = (0, default);

    /// <summary>How often that one was late, this time included.</summary>
    public int LateWith(string id) => LateBefore(id) + 1;

    /// <summary>It was not taken, and the pause that follows.</summary>
    /// <param name="id">The webhook.</param>
    /// <param name="attempt">What came of it.</param>
    /// <param name="now">The time.</param>
    /// <param name="way">How the way to the instance is.</param>
    /// <param name="closed">As for <see cref="MayTry"/>.</param>
    public WebhookPause Failed(string id, Attempt attempt, DateTimeOffset now, WayTo way, long closed)
    {
        var late = attempt.End == AttemptEnd.Late ? LateWith(id) : LateBefore(id);
        var doubled = FirstPause * Math.Pow(2, Math.Min(failures++, 20));
        var next = attempt.Again ?? (attempt.End != AttemptEnd.Late ? doubled : late == 1 ? FirstPauseWhenLate : LongestPause);
        NotBefore = now + (next < LongestPause ? next : LongestPause);
        (worst, closings) = (way, closed);
        return pause = new WebhookPause(id, attempt.Why, NotBefore, late);
    }

    /// <summary>Why that one was not taken the last time; null when that is not known.</summary>
    public string? LastReason(string id) => pause?.Id == id ? pause.Reason : null;

    public void Succeeded()
    {
        failures = 0;
        pause = null;
    }

    private int LateBefore(string id) => pause?.Id == id ? pause.Late : 0;
}
