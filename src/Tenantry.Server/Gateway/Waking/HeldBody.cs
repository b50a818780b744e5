using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tenantry.Targets.Streams;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>Takes the begin of a held request's body, so that its sender need not wait; beyond that the sender waits.</summary>
/// <param name="context">The request.</param>
/// <param name="limit">Bytes that it takes at most.</param>
/// <param name="freed">Called once, when it holds nothing any more.</param>
internal sealed class HeldBody(HttpContext context, long limit, Action freed)
{
    private readonly MemoryStream taken = new();

    // Before the body was put together with what was taken: a second reader over that would keep to itself what it read too far.
    private readonly PipeReader from = context.Request.BodyReader;
    private Task reading = Task.CompletedTask;
    private long given;
    private volatile bool stopped;
    private bool wasCancelled;
    private int isFreed;

    /// <summary>True when there is a body whose sender waits for nobody's leave.</summary>
    public static bool IsThere(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true && context.Request.Headers.Expect.Count == 0 && !IsStream(context);

    /// <summary>True when the request is held a second time: what was taken before takes more, unless it holds nothing any more.</summary>
    public static bool GoesOn(HttpContext context, out HeldBody? held)
    {
        held = Of(context);
        if (held is null)
            return false;
        if (Volatile.Read(ref held.isFreed) == 0)
            held.Begin();
        else
            held = null;
        return true;
    }

    /// <summary>Begins to take, or goes on after <see cref="GiveBackAsync"/>.</summary>
    public void Begin()
    {
        given = taken.Position;
        taken.Position = taken.Length;
        stopped = wasCancelled = false;
        reading = ReadAsync();
    }

    /// <summary>Stops taking and puts what was taken before the rest.</summary>
    public async Task GiveBackAsync()
    {
        stopped = true;
        try
        {
            if (!reading.IsCompleted)
            {
                from.CancelPendingRead();
                await reading;
                if (!wasCancelled)
                {
                    // It ended by itself just then: the next read takes the cancellation, and nothing else.
                    from.AdvanceTo((await from.ReadAsync(context.RequestAborted)).Buffer.Start);
                }
            }
            else
            {
                await reading;
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // Whoever reads on meets it again.
        }

        taken.Position = given;
        if (Of(context) == this)
            return;
        if (taken.Length > 0)
            context.Request.Body = new JoinedStream(this, context.Request.Body);
        else
            Free();
    }

    /// <summary>What it took was sent on, or the request is over.</summary>
    public void Free()
    {
        if (Interlocked.Exchange(ref isFreed, 1) != 0)
            return;
        taken.SetLength(0);
        taken.Capacity = 0;
        freed();
    }

    private async Task ReadAsync()
    {
        while (!stopped && taken.Length < limit)
        {
            var read = await from.ReadAsync(context.RequestAborted);
            var piece = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, limit - taken.Length));
            var length = taken.Length + piece.Length;
            // No more than its share, as a stream would take that grows by itself.
            if (length > taken.Capacity)
                taken.Capacity = (int)Math.Min(limit, Math.Max(length, 2L * taken.Capacity));
            foreach (var part in piece)
                taken.Write(part.Span);
            from.AdvanceTo(piece.End);
            wasCancelled |= read.IsCanceled;
            if (read.IsCompleted && piece.End.Equals(read.Buffer.End))
                return;
        }
    }

    private static HeldBody? Of(HttpContext context) => (context.Request.Body as JoinedStream)?.Held;

    private static bool IsStream(HttpContext context) => context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true;

    /// <summary>What was taken, then what is still to come.</summary>
    private sealed class JoinedStream(HeldBody held, Stream rest) : SequentialStream
    {
        public HeldBody Held => held;

        public override bool CanRead => true;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            TryTake(buffer.Span, out var count) ? new(count) : rest.ReadAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => TryTake(buffer.AsSpan(offset, count), out var taken) ? taken : rest.Read(buffer, offset, count);

        private bool TryTake(Span<byte> into, out int count)
        {
            var first = held.taken;
            count = 0;
            if (first.Position == first.Length)
                return false;
            count = first.Read(into);
            if (first.Position == first.Length)
                held.Free();
            return true;
        }
    }
}
