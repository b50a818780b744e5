using Microsoft.AspNetCore.Connections.Features;

namespace Tenantry.Server.Gateway.Strictness;

/// <summary>
/// A gateway that ends asks its connections to end after their present request. One that was just made has none, and its client may have sent its first:
/// it is asked after that one. Where another gateway has taken over, the same holds for every connection, for a while (<see cref="Drain"/>): its next
/// request is answered, and with the answer goes that the connection ends.
/// </summary>
internal sealed class FirstAnswerFirst : IConnectionLifetimeNotificationFeature, IDisposable
{
    private readonly IConnectionLifetimeNotificationFeature inner;
    private readonly CancellationTokenSource closing = new();
    private readonly CancellationTokenRegistration asking;
    private readonly Lock gate = new();
    private readonly Drain drain;
    private bool isAsked;
    private bool hasBegun;

    public FirstAnswerFirst(IConnectionLifetimeNotificationFeature inner, Drain drain)
    {
        this.inner = inner;
        this.drain = drain;
        ConnectionClosedRequested = closing.Token;
        asking = inner.ConnectionClosedRequested.UnsafeRegister(static first => ((FirstAnswerFirst)first!).Note(asked: true), this);
    }

    public CancellationToken ConnectionClosedRequested { get; set; }

    public void RequestClose() => inner.RequestClose();

    /// <summary>A request has come.</summary>
    public void Begin()
    {
        if (!Volatile.Read(ref hasBegun) || Volatile.Read(ref isAsked))
            Note(asked: false);
    }

    public void Dispose()
    {
        asking.Dispose();
        closing.Dispose();
    }

    private void Note(bool asked)
    {
        lock (gate)
        {
            if (asked)
                isAsked = true;
            else
                hasBegun = true;
            if (!isAsked || !hasBegun)
                return;
        }

        if (asked && drain.Linger > TimeSpan.Zero)
        {
            closing.CancelAfter(drain.Linger);
            return;
        }

        closing.Cancel();
    }
}

/// <summary>How the connections of a gateway end with it.</summary>
internal sealed class Drain
{
    private long linger;

    /// <summary>How long a connection without a request stays for its next one; zero: it is closed at once.</summary>
    public TimeSpan Linger
    {
        get => new(Volatile.Read(ref linger));
        set => Volatile.Write(ref linger, value.Ticks);
    }
}
