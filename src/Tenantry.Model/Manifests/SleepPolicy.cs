namespace Tenantry.Model.Manifests;

/// <summary>When an idle instance is put to rest.</summary>
public sealed record SleepPolicy
{
    /// <summary>Idle time after which it is stopped with its data kept; null: never.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>Idle time after which it is frozen, kept in memory without CPU; shorter than <see cref="After"/>; null: never.</summary>
    public TimeSpan? FreezeAfter { get; init; }

    /// <summary>Shortest time between a wake and the next rest.</summary>
    public TimeSpan MinimumAwake { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Times of the week in which it is kept awake.</summary>
    public IReadOnlyList<AwakeSchedule> Awake { get; init; } = [];
}

/// <summary><c>Mon-Fri 08:00-19:00 Europe/Berlin</c>: a stretch of local time on some days. A stretch whose end is not after its start ends on the next day.</summary>
public sealed record AwakeSchedule
{
    /// <summary>The days on which the stretch begins, Monday first, each once.</summary>
    public required IReadOnlyList<DayOfWeek> Days { get; init; }

    public required TimeOnly From { get; init; }

    public required TimeOnly To { get; init; }

    /// <summary>IANA name; <c>UTC</c> when the file names none.</summary>
    public required string TimeZone { get; init; }
}

/// <summary>What happens to a request that meets a sleeping instance.</summary>
public sealed record WakePolicy
{
    /// <summary>Longest time a request is held.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Paths (a trailing <c>*</c> matches any rest) that are answered without waking.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Whether a browser that waits longer than a second sees a waiting page.</summary>
    public bool WaitingPage { get; init; } = true;

    /// <summary>Largest <see cref="Buffer"/>: one instance's share of the memory that a gateway has for held bodies.</summary>
    public const long LargestBuffer = 32_000_000;

    /// <summary>Bytes of a held request's body that are taken before the sender has to wait. Default 1 MB.</summary>
    public long Buffer { get; init; } = 1_000_000;
}

/// <summary>Signs of work that nobody asked for over HTTP. At most one of <see cref="Http"/> and <see cref="Command"/> is set.</summary>
public sealed record BusyDefinition
{
    /// <summary>Asked before a rest: 200 to 299 with <c>{"busy": true|false}</c>; anything else, and no answer, means busy.</summary>
    public HttpProbe? Http { get; init; }

    /// <summary>Run before a rest: exit code 0 means idle, anything else busy.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Time the endpoint or command may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Cores; more than this, averaged over a minute, is work.</summary>
    public decimal Cpu { get; init; } = 0.02m;

    /// <summary>Bytes sent out in a minute; more is work. Default 10 kB.</summary>
    public long Outbound { get; init; } = 10_000;
}

/// <summary>A path whose requests must not be lost while the instance is not ready.</summary>
public sealed record WebhookDefinition
{
    /// <summary>Starts with a slash; a trailing <c>*</c> matches any rest.</summary>
    public required string Path { get; init; }

    public WebhookAnswer Answer { get; init; } = WebhookAnswer.Stored;

    /// <summary>Largest <see cref="MaxSize"/>: one instance's share of the memory that a gateway has for webhooks that are arriving.</summary>
    public const long LargestMaxSize = 32_000_000;

    /// <summary>Bytes of one request that is stored; a larger one is refused with 413. Default 1 MB.</summary>
    public long MaxSize { get; init; } = 1_000_000;

    /// <summary>Age at which an undelivered request becomes a dead letter.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(72);
}
