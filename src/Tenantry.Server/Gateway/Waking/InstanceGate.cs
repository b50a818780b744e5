using Tenantry.Model.Instances;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>
/// Counts what goes to one instance, and stops it while the instance is put to rest. A request is counted before the gate is looked at, and the gate
/// is closed before the count is looked at, so that none slips through.
/// </summary>
/// <param name="instanceId">The instance.</param>
/// <param name="time">The clock.</param>
/// <param name="since">Since when it would have been seen if something had moved, a timestamp; null: since now.</param>
internal sealed class InstanceGate(string instanceId, TimeProvider time, long? since = null)
{
    private static readonly TimeSpan TrustInWake = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StreamPause = TimeSpan.FromSeconds(1);
    private readonly Lock changing = new();
    private int requests;
    private int streams;
    private long closings;
    private long movedAt = since ?? time.GetTimestamp();
    private long probedAt = since ?? time.GetTimestamp();
    private volatile GateState state = GateState.FollowsRoute;
    private volatile bool restsByRoute;

    public string InstanceId => instanceId;

    /// <summary>Called when something moves on a stream of an instance that rests.</summary>
    public Action<InstanceGate>? Wanted { get; init; }

    public int Requests => Volatile.Read(ref requests);

    public int Streams => Volatile.Read(ref streams);

    public long MovedAt => Volatile.Read(ref movedAt);

    /// <summary>When a request last came or went that is no sign of work.</summary>
    public long ProbedAt => Volatile.Read(ref probedAt);

    /// <summary>How often it was closed: what the engine was asked before the last time says nothing of now.</summary>
    public long Closings => Volatile.Read(ref closings);

    public bool IsUsed => Requests > 0 || Streams > 0;

    /// <summary>Counts a request in. Null, and not counted, when it must wait; otherwise the route to take and <see cref="Leave"/> must follow.</summary>
    /// <param name="route">Where it goes.</param>
    /// <param name="isWork">False for one that only looks whether somebody is there: it is no sign of work once it is over.</param>
    public Route? TryEnter(Route route, bool isWork = true)
    {
        Interlocked.Increment(ref requests);
        var now = time.GetTimestamp();
        Volatile.Write(ref isWork ? ref movedAt : ref probedAt, now);
        var usable = Usable(route, now);
        if (usable is null)
            Interlocked.Decrement(ref requests);
        return usable;
    }

    /// <summary>Whether <see cref="TryEnter"/> would let one in; nothing is counted.</summary>
    public bool Lets(Route route) => Usable(route, time.GetTimestamp()) is not null;

    public void Leave(bool isWork = true)
    {
        Volatile.Write(ref isWork ? ref movedAt : ref probedAt, time.GetTimestamp());
        Interlocked.Decrement(ref requests);
    }

    /// <summary>The request has become something that stays open: it counts while something moves.</summary>
    public void BecomeStream()
    {
        Interlocked.Increment(ref streams);
        Interlocked.Decrement(ref requests);
    }

    /// <summary>The stream has ended; <see cref="Leave"/> follows.</summary>
    public void EndStream()
    {
        Interlocked.Increment(ref requests);
        Interlocked.Decrement(ref streams);
    }

    /// <summary>Something went through a stream.</summary>
    public void Moved()
    {
        Volatile.Write(ref movedAt, time.GetTimestamp());
        var kind = state.Kind;
        if (kind is GateKind.Closed or GateKind.Rested || (kind == GateKind.FollowsRoute && restsByRoute))
            Wanted?.Invoke(this);
    }

    /// <summary>True when it is closed now; false, and open as before, when something is under way that is not to be cut, or moved in that time.</summary>
    public bool Close(bool force, TimeSpan? quiet = null)
    {
        lock (changing)
        {
            var before = state;
            state = GateState.Closed;
            Interlocked.MemoryBarrier();
            var still = time.GetElapsedTime(MovedAt);
            if (force || (Requests == 0 && still >= (quiet ?? TimeSpan.Zero) && (Streams == 0 || still > StreamPause)))
            {
                Volatile.Write(ref closings, closings + 1);
                return true;
            }

            state = before;
            return false;
        }
    }

    /// <summary>It rests, or may: whoever comes asks for a wake.</summary>
    public void Rest() => Change(GateKind.Closed, GateState.Rested);

    /// <summary>Nothing came of the rest.</summary>
    public void Open() => Change(GateKind.Closed, GateState.FollowsRoute);

    /// <summary>The engine says that it runs and is reached there, which the routes may not know yet.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="asked"><see cref="Closings"/> when the engine was asked.</param>
    public void Awake(Endpoint endpoint, long asked)
    {
        lock (changing)
        {
            // An answer that was long under way: it is or was put to rest since then, and whoever comes asks anew.
            if (state.Kind != GateKind.Closed && closings == asked)
                state = new GateState(GateKind.Awake, endpoint, time.GetTimestamp());
        }
    }

    /// <summary>Other routes have come.</summary>
    public void Follow(Route route)
    {
        lock (changing)
        {
            restsByRoute = route.State == RouteState.Resting;
            var now = state;
            if (now.Kind == GateKind.Awake && route.State == RouteState.Open && route.Endpoint == now.Endpoint)
                state = GateState.FollowsRoute;
            else if (now.Kind == GateKind.Rested && route.State is not RouteState.Open)
                state = GateState.FollowsRoute;
        }
    }

    private void Change(GateKind from, GateState to)
    {
        lock (changing)
        {
            if (state.Kind == from)
                state = to;
        }
    }

    private Route? Usable(Route route, long now)
    {
        var gate = state;
        return gate.Kind switch
        {
            GateKind.Closed or GateKind.Rested => null,
            GateKind.Awake when time.GetElapsedTime(gate.At, now) < TrustInWake && route.State is RouteState.Open or RouteState.Resting or RouteState.Updating =>
                route.State == RouteState.Open && route.Endpoint == gate.Endpoint ? route : route.OpenAt(gate.Endpoint!),
            _ => route.State == RouteState.Open ? route : null,
        };
    }

    private enum GateKind
    {
        FollowsRoute,
        Closed,
        Rested,
        Awake,
    }

    private sealed record GateState(GateKind Kind, Endpoint? Endpoint = null, long At = 0)
    {
        public static readonly GateState FollowsRoute = new(GateKind.FollowsRoute);
        public static readonly GateState Closed = new(GateKind.Closed);
        public static readonly GateState Rested = new(GateKind.Rested);
    }
}
