using Tenantry.Model.Instances;

namespace Tenantry.Server.Reconciling;

/// <summary>Times and limits of the reconciler.</summary>
public sealed record ReconcilerOptions
{
    /// <summary>
    /// Names this engine through all of its restarts: a run that starts frees at once what an earlier run of the same node held. Two engines that
    /// run at the same time must not share it.
    /// </summary>
    public string Node { get; init; } = Guid.NewGuid().ToString("N");

    /// <summary>How long a lease lasts that nobody renews; it is renewed three times within it.</summary>
    public TimeSpan LeaseTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time between two looks at an instance that is well.</summary>
    public TimeSpan DriftLook { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time to the next look at one that runs and is not healthy.</summary>
    public TimeSpan UnhealthyLook { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time to the next look at one that is starting.</summary>
    public TimeSpan StartingLook { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>An operation whose instance runs and does not become healthy in this time has failed.</summary>
    public TimeSpan HealthPatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time to the second try; each further one takes twice as long, up to <see cref="LongestBackoff"/>.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A target that does not say in this time what there is, or what it would do, is taken to have failed.</summary>
    public TimeSpan LookLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A change that is not done in this time is ended and begun again.</summary>
    public TimeSpan ChangeLimit { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Instances that are worked on at once, on all targets together.</summary>
    public int TotalParallel { get; init; } = 32;

    /// <summary>Time between two looks at the store when nobody says that something changed.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time that work has to end by itself when the engine stops; then it is cancelled.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Told of wakes that no request was told of: none asked, or the instance took until the end of the pass to become healthy.</summary>
    public Action<InstanceSpec, WakeRecord>? WokenUnasked { get; init; }

    /// <summary>0 to 1, for jitter.</summary>
    public Func<double> Chance { get; init; } = Random.Shared.NextDouble;
}
