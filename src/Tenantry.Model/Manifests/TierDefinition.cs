namespace Tenantry.Model.Manifests;

/// <summary>A named size and policy. Limits are for the whole instance, all of its services together.</summary>
public sealed record TierDefinition
{
    /// <summary>The tier that a manifest without any has.</summary>
    public const string DefaultName = "default";

    public required string Name { get; init; }

    /// <summary>Bytes; the instance is stopped from using more. Default 128 MB.</summary>
    public long Memory { get; init; } = 128_000_000;

    /// <summary>Cores; 0.25 is a quarter of one.</summary>
    public decimal Cpu { get; init; } = 0.25m;

    /// <summary>Bytes kept for the instance; at most <see cref="Memory"/>. Default 32 MB.</summary>
    public long MemoryReservation { get; init; } = 32_000_000;

    /// <summary>Cores kept for the instance; at most <see cref="Cpu"/>.</summary>
    public decimal CpuReservation { get; init; } = 0.05m;

    /// <summary>Most processes and threads at once.</summary>
    public int Pids { get; init; } = 128;

    /// <summary>Bytes of all volumes together that have no size of their own; those come on top. Default 1 GB.</summary>
    public long Disk { get; init; } = 1_000_000_000;

    /// <summary>The OCI runtime, on targets that have a choice.</summary>
    public SandboxRuntime Runtime { get; init; } = SandboxRuntime.Crun;

    /// <summary>Sleep policy of this tier; null: the manifest's.</summary>
    public SleepPolicy? Sleep { get; init; }

    /// <summary>What the gateway lets through; null: no limits of the tier.</summary>
    public RequestLimits? Requests { get; init; }

    /// <summary>Money for the instance's LLM key; null: no limit of the tier.</summary>
    public LlmLimit? Llm { get; init; }

    /// <summary>What one tenant may have in this tier; null: no quota.</summary>
    public TierQuotas? Quotas { get; init; }
}

/// <summary>Limits of the gateway for one instance; null everywhere means no limit.</summary>
public sealed record RequestLimits
{
    /// <summary>Requests in flight at once.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Bytes of one request's body.</summary>
    public long? BodySize { get; init; }

    public RequestRate? Rate { get; init; }

    /// <summary>Requests that may come at once after a pause, at the rate's cost; null: as many as the rate counts.</summary>
    public int? Burst { get; init; }

    /// <summary>A connection on which nothing moves for this long is closed.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>A request that takes longer is ended; a connection that carries another protocol (WebSocket) is not. Null: only the wait for an answer is limited.</summary>
    public TimeSpan? TotalTimeout { get; init; }
}

/// <summary>So many requests in each stretch of time; <c>100/s</c> in the file.</summary>
public sealed record RequestRate
{
    public required int Count { get; init; }

    /// <summary>One second, one minute or one hour.</summary>
    public required TimeSpan Per { get; init; }
}

/// <summary>A hard cap on what the instance's LLM key may spend.</summary>
public sealed record LlmLimit
{
    /// <summary>US dollars, never cents.</summary>
    public required decimal Limit { get; init; }

    public LlmReset Reset { get; init; } = LlmReset.Monthly;

    /// <summary>Whether the key is disabled while the instance is asleep.</summary>
    public bool DisableAsleep { get; init; }
}

/// <summary>Totals over all instances that one tenant has in the tier; null means no quota.</summary>
public sealed record TierQuotas
{
    public int? Instances { get; init; }

    /// <summary>Instances that are awake at the same time.</summary>
    public int? Awake { get; init; }

    /// <summary>Cores.</summary>
    public decimal? Cpu { get; init; }

    /// <summary>Bytes.</summary>
    public long? Memory { get; init; }

    /// <summary>Bytes.</summary>
    public long? Disk { get; init; }
}
