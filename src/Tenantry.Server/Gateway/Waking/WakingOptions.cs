namespace Tenantry.Server.Gateway.Waking;

/// <summary>Limits of holding requests.</summary>
public sealed record WakingOptions
{
    /// <summary>Requests that wait for one instance.</summary>
    public int WaitingPerInstance { get; init; } = 256;

    /// <summary>Requests that wait in all.</summary>
    public int WaitingInAll { get; init; } = 8192;

    /// <summary>Bytes of held bodies in all; beyond it senders wait.</summary>
    public long BufferInAll { get; init; } = 256_000_000;

    /// <summary>How long a browser sees nothing before it gets the waiting page.</summary>
    public TimeSpan BeforePage { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a request whose connection could not be made waits to hear whether its route is old.</summary>
    public TimeSpan ForOldRoutes { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Pause between two tries while the engine is away or the instance is being changed.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(200);
}
