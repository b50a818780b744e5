using Tenantry.Server.Gateway.Limits;

namespace Tenantry.Server.Gateway;

/// <summary>The present route table, and who wants to know when another takes its place.</summary>
public sealed class Routes
{
    private volatile RouteTable table = RouteTable.Empty;

    /// <summary>Holds each instance to what its route allows.</summary>
    public RequestLimiter Limiter { get; init; } = new(TimeProvider.System);

    /// <summary>Called with each new table.</summary>
    public Action<RouteTable>? Swapped { get; init; }

    /// <summary>The table to use for a request.</summary>
    public RouteTable Table => table;

    /// <summary>When the present table was last known to be right; null before there was one.</summary>
    public DateTimeOffset? ConfirmedAt { get; private set; }

    /// <summary>Takes a table as the present one. False when it leads everywhere to the same place as the one before.</summary>
    public bool Take(RouteTable next, DateTimeOffset now)
    {
        ConfirmedAt = now;
        if (next.SameAs(table))
            return false;
        table = next;
        Limiter.Forget(next);
        Swapped?.Invoke(next);
        return true;
    }
}
