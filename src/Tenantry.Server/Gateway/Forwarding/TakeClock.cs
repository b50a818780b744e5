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

    public TakeClock()
    {
    }

    /// <summary>Something is sent to the client. <see cref="End"/> follows, unless it fails.</summary>
    public void Begin(long now, long mostPatience)
    {
        patience = mostPatience;
        Volatile.Write(ref taken, Unknown);
        Volatile.Write(ref by, now + mostPatience);
    }

    public void End() => Volatile.Write(ref by, long.MaxValue);

    /// <summary>
    /// To be asked more often than once in that time: nothing was taken for as long. Of a client whose connection carries more than this (null) no more is known than
    /// that the sending has not ended.
    /// </summary>
    public bool IsOver(long now, Socket? client)
    {
        var until = Volatile.Read(ref by);
        if (until == long.MaxValue)
            return false;
        var before = Volatile.Read(ref taken);
        if (client is null || (before != Unknown && now < until))
            return now >= until;
        var after = TcpInfo.BytesTakenBy(client);
        Volatile.Write(ref taken, after);
        if (before == Unknown || after == before)
            return now >= until;
        // Unless it has just taken the rest.
        Interlocked.CompareExchange(ref by, now + patience, until);
        return false;
    }
}
