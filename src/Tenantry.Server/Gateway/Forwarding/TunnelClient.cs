using System.Net.Sockets;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// What is known of the client of a tunnel. One that is gone must not hold its instance for as long as that likes, also where nobody would notice: an end may be half of
/// one, what a closed connection is sent is thrown away without a word, and while the app takes nothing nobody reads what the client has sent.
/// </summary>
/// <param name="client">Its connection, when that carries the tunnel alone. A stream of HTTP/2 says by itself when it is gone.</param>
internal sealed class TunnelClient(Socket? client)
{
    private volatile bool hasEnded;
    private volatile bool isHeldUp;
    private volatile bool isTold;
    private long? endedAt;

    /// <summary>All that it sent has come, and its end.</summary>
    public bool HasEnded
    {
        get => hasEnded;
        set => hasEnded = value;
    }

    /// <summary>Something of what it sent waits for the app: nothing more is read of it.</summary>
    public bool IsHeldUp
    {
        get => isHeldUp;
        set => isHeldUp = value;
    }

    /// <summary>Something is on its way to it: how long it may take nothing of that is said elsewhere.</summary>
    public bool IsTold
    {
        get => isTold;
        set => isTold = value;
    }

    /// <summary>To be asked again and again: it is gone, or nothing has moved, and nothing was on its way to it, for a while since its end was seen here.</summary>
    /// <param name="now">A timestamp.</param>
    /// <param name="movedAt">Timestamp of the last byte in or out of the instance.</param>
    /// <param name="farewell">In timestamps: how long nothing may move after its end.</param>
    public bool IsOver(long now, long movedAt, long farewell)
    {
        if (!HasEnded && !IsHeldUp)
            return false;
        var side = client is null ? ClientSide.There : TcpInfo.SideOf(client);
        if (side == ClientSide.Gone)
            return true;
        if (!HasEnded && side != ClientSide.Ended)
            return false;
        if (endedAt is null || IsTold)
            endedAt = now;
        return now - Math.Max(movedAt, endedAt.Value) >= farewell;
    }
}
