using Microsoft.AspNetCore.Connections.Features;

namespace Tenantry.Server.Gateway.Strictness;

/// <summary>
/// A gateway that ends asks its connections to end after their present request. One that was just made has none, and its client may have sent its first:
/// it is asked after that one.
/// </summary>
internal sealed class FirstAnswerFirst : IConnectionLifetimeNotificationFeature, IDisposable
{
    private readonly IConnectionLifetimeNotificationFeature inner;
    private readonly CancellationTokenSource closing = new();
    private readonly CancellationTokenRegistration asking;
    private readonly Lock gate = new();
    private bool isAsked;
    private bool hasBegun;

    public FirstAnswerFirst(IConnectionLifetimeNotificationFeature inner)
    {
        this.inner = inner;
        ConnectionClosedRequested = closing.Token;
        asking = inner.ConnectionClosedRequested.UnsafeRegister(static first => ((FirstAnswerFirst)first!).Note(asked: true), this);
    }

    public CancellationToken ConnectionClosedRequested { get; set; }

    public void RequestClose() => inner.RequestClose();

    /// <summary>A request has come.</summary>
    public void Begin()
    {
        if (!Volatile.Read(ref hasBegun))
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

        closing.Cancel();
    }
}
