using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.Gateway.Forwarding.Http2;

/// <summary>Cancels an exchange that takes too long, or whose client left.</summary>
internal sealed class ExchangeClock : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private readonly ForwarderOptions options;
    private readonly CancellationTokenSource ending;
    private readonly ITimer timer;
    private long endBy;
    private readonly long answerTime;
    private readonly long longestPause;
    private long answerBy;
    private long movedAt;
    private readonly Socket? client;
    private readonly bool isClientShared;
    private TakeClock taking = new();
    private volatile TunnelClient? tunnel;

    public ExchangeClock(HttpContext context, Socket? alone, RequestLimits? limits, ForwarderOptions options)
    {
        (client, isClientShared) = (alone ?? context.Features.Get<IConnectionSocketFeature>()?.Socket, alone is null);
        this.options = options;
        ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        Token = ending.Token;
        movedAt = options.Time.GetTimestamp();
        endBy = limits?.TotalTimeout is { } total ? movedAt + Ticks(total) : long.MaxValue;
        longestPause = limits?.IdleTimeout is { } pause ? Ticks(pause) : long.MaxValue;
        answerTime = Ticks(limits?.TotalTimeout ?? options.AnswerTimeout);
        answerBy = movedAt + answerTime;
        timer = options.Time.CreateTimer(static clock => ((ExchangeClock)clock!).LookAfter(), this, Look, Look);
    }

    public CancellationToken Token { get; }

    public bool HasTimedOut { get; private set; }

    /// <summary>A piece of the request was sent: the answer may take its time from here.</summary>
    public void Sent()
    {
        Moved();
        var before = Volatile.Read(ref answerBy);
        if (before != long.MaxValue)
            Interlocked.CompareExchange(ref answerBy, options.Time.GetTimestamp() + answerTime, before);
    }

    /// <summary>The head of the answer is there.</summary>
    public void Answered()
    {
        Moved();
        Volatile.Write(ref answerBy, long.MaxValue);
    }

    /// <summary>Ends when the client has taken what it was sent; it may take nothing of it for so long only.</summary>
    public async ValueTask TakenAsync(ValueTask<FlushResult> sending)
    {
        if (!sending.IsCompleted)
            taking.Begin(options.Time.GetTimestamp(), Ticks(options.TakeTimeout));
        await sending;
        taking.End();
    }

    /// <summary>As above, of bytes in a tunnel.</summary>
    public async Task SendAsync(Stream to, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        taking.Begin(options.Time.GetTimestamp(), Ticks(options.TakeTimeout));
        await to.WriteAsync(bytes, cancellationToken);
        await to.FlushAsync(cancellationToken);
        taking.End();
    }

    /// <summary>It stays open: its time in all is not limited.</summary>
    public TunnelClient BecomeTunnel()
    {
        Volatile.Write(ref endBy, long.MaxValue);
        return tunnel = new TunnelClient(isClientShared ? null : client);
    }

    public void Moved() => Volatile.Write(ref movedAt, options.Time.GetTimestamp());

    public void Dispose()
    {
        timer.Dispose();
        ending.Dispose();
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * options.Time.TimestampFrequency);

    private void LookAfter()
    {
        var now = options.Time.GetTimestamp();
        if (now < Volatile.Read(ref answerBy) && now < Volatile.Read(ref endBy) && !taking.IsOver(now, client, isClientShared) && now - Volatile.Read(ref movedAt) < longestPause
            && tunnel?.IsOver(now, Volatile.Read(ref movedAt), Ticks(options.FarewellTimeout)) != true)
            return;
        HasTimedOut = true;
        try
        {
            ending.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself just then.
        }
    }
}
