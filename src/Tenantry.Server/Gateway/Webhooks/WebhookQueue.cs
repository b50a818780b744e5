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

    // An app that hangs may come to itself, and one that still works on it is not asked the same beside that.
    private static readonly TimeSpan FirstPauseWhenLate = TimeSpan.FromMinutes(1);
    private int failures;
    private WayTo worst;
    private long closings;
    private TimeSpan length;
    private (string Path, Attempt Attempt)? settled;

    /// <param name="before">What a gateway before this one left: it is tried at once, and how often it was late counts.</param>
    public WebhookQueue(WebhookPause? before) => Pause = before;

    public Task Working { get; set; } = Task.CompletedTask;

    public DateTimeOffset NotBefore { get; private set; }

    /// <summary>What the first one waits for; null when it was not tried yet.</summary>
    public WebhookPause? Pause { get; private set; }

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
        if (NotBefore - now > length)
            SetBack(now);
        if (way > worst || (way == WayTo.Open && closed != closings))
        {
            Again();
            return true;
        }

        worst = way;
        return false;
    }

    // The clock was: the pause is none the longer for it.
    private void SetBack(DateTimeOffset now)
    {
        NotBefore = now + length;
        Pause = Pause is null ? null : Pause with { Until = NotBefore };
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
        var growing = WebhookPause.After(failures++);
        var next = attempt.Again ?? (attempt.End != AttemptEnd.Late ? growing : late == 1 ? FirstPauseWhenLate : WebhookPause.Longest);
        length = next < WebhookPause.Longest ? next : WebhookPause.Longest;
        NotBefore = now + length;
        (worst, closings) = (way, closed);
        return Pause = new WebhookPause(id, attempt.Why, NotBefore, late);
    }

    /// <summary>Why that one was not taken the last time; null when that is not known.</summary>
    public string? LastReason(string id) => Pause?.Id == id ? Pause.Reason : null;

    /// <summary>It is not sent any more, whatever becomes of its file: where that cannot be taken away, as on a full disk, only this knows it.</summary>
    public void Settle(string path, Attempt attempt) => settled = (path, attempt.End == AttemptEnd.Delivered ? attempt : attempt with { End = AttemptEnd.Refused });

    /// <summary>What came of the one in that file; null when it is to be sent.</summary>
    public Attempt? Settled(string path) => settled?.Path == path ? settled?.Attempt : null;

    /// <summary>It is out of the way, and so is its pause.</summary>
    public void Succeeded()
    {
        Again();
        (Pause, settled) = (null, null);
    }

    private int LateBefore(string id) => Pause?.Id == id ? Pause.Late : 0;
}
