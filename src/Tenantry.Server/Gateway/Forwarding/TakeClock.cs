using System.Net.Sockets;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// How long a client may take nothing of what it is sent. One that takes a little of a large piece now and then has not taken the piece, and is not cut: its kernel
/// says what it took. All in timestamps.
/// </summary>
internal struct TakeClock
{
    private const int Unknown = -1;
    private long by = long.MaxValue;
    private long patience;
    private long taken;
    private long lookedAt;
    private long free;

    public TakeClock()
    {
    }

    /// <summary>Something is sent to the client. <see cref="End"/> follows, unless it fails.</summary>
    public void Begin(long now, long mostPatience)
    {
        (patience, lookedAt, free) = (mostPatience, now, 0);
        Volatile.Write(ref taken, Unknown);
        Volatile.Write(ref by, now + mostPatience);
    }

    public void End() => Volatile.Write(ref by, long.MaxValue);

    /// <summary>Known when it is over: nothing that is under way to the client arrives there, whatever it is of.</summary>
    public bool IsStuck { get; private set; }

    /// <summary>To be asked more often than once in that time: nothing was taken for as long.</summary>
    /// <param name="now">A timestamp.</param>
    /// <param name="client">The client's connection; null: no more is known than that the sending has not ended.</param>
    /// <param name="isShared">
    /// It carries more than this, and what was taken of this is not known. But while something is under way on it and is taken, this may have to wait for its turn; while nothing is,
    /// nobody holds it up but the client, who may do so for that time in all.
    /// </param>
    public bool IsOver(long now, Socket? client, bool isShared)
    {
        var until = Volatile.Read(ref by);
        if (until == long.MaxValue)
            return false;
        if (client is null)
            return now >= until;
        if (isShared && IsFreeTooLong(now, client))
            return true;
        var before = Volatile.Read(ref taken);
        if (before != Unknown && now < until)
            return false;
        var after = TcpInfo.BytesTakenBy(client);
        Volatile.Write(ref taken, after);
        if (before == Unknown || after == before)
        {
            IsStuck = before != Unknown && TcpInfo.HasUnderWay(client);
            return now >= until;
        }

        // Unless it has just taken the rest.
        Interlocked.CompareExchange(ref by, now + patience, until);
        return false;
    }

    private bool IsFreeTooLong(long now, Socket client)
    {
        if (!TcpInfo.HasUnderWay(client))
            free += now - lookedAt;
        lookedAt = now;
        return free >= patience;
    }
}
