using Tenantry.Model.Instances;

namespace Tenantry.Server.Reconciling;

/// <summary>A request waits for an instance that rests.</summary>
/// <param name="Since">When the gateway saw that request, a timestamp of the engine's clock.</param>
/// <param name="Woken">Called as soon as it runs and is healthy, before that is written down.</param>
public sealed record WakeAsk(long Since, Action<Endpoint, WakeRecord> Woken)
{
    /// <summary>True when a request may wake the instance and it is meant to rest.</summary>
    public static bool Wakes(InstanceRecord record) => record is
    {
        Desired: DesiredState.Frozen or DesiredState.Asleep,
        Spec.Hold: not InstanceHold.Down,
    };
}

/// <summary>Where requests for an instance are stopped before it is put to rest, so that none meets an instance that is just stopping.</summary>
public interface IRestGate
{
    /// <summary>
    /// Stops new requests. Null when it must not rest: requests are under way, something went to it or came from it after <paramref name="idleSince"/>, or nobody can
    /// say. With <paramref name="force"/> requests that are under way do not matter. Disposing of the permit says that the instance rests now, or that nothing came of it: requests may wake it.
    /// </summary>
    ValueTask<IRestPermit?> CloseAsync(string instanceId, bool force, DateTimeOffset? idleSince, CancellationToken cancellationToken);

    /// <summary>What serves is about to be stopped, and is there again in a moment: new requests wait until the answer is disposed of, and those under way end, within reason.</summary>
    ValueTask<IAsyncDisposable> DrainAsync(string instanceId, CancellationToken cancellationToken);
}

/// <summary>No request reaches the instance until this is disposed.</summary>
public interface IRestPermit : IAsyncDisposable;
