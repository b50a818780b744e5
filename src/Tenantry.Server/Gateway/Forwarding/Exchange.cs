using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>How an exchange ended.</summary>
internal enum ExchangeEnd
{
    /// <summary>The answer was passed on, or had begun and was cut.</summary>
    Done,

    /// <summary>The connection died before the first byte of an answer.</summary>
    Died,

    /// <summary>What came was no answer.</summary>
    Bad,

    /// <summary>It took too long before there was an answer.</summary>
    TimedOut,

    /// <summary>The client left, or its body was not well formed.</summary>
    ClientFailed,
}

/// <summary>One request and its answer on one connection.</summary>
internal sealed class Exchange(HttpContext context, RequestShape shape, InstanceConnection connection, string slug, RequestLimits? limits, ForwarderOptions options)
{
    private const int MostInformational = 16;
    private static readonly TimeSpan LastPiece = TimeSpan.FromMilliseconds(100);
    private readonly Pace pace = new(shape.Guard, connection);
    private RequestBody? body;
    private Task sending = Task.CompletedTask;
    private bool hasBegun;

    /// <summary>The connection can serve another request.</summary>
    public bool IsReusable { get; private set; }

    /// <summary>Something of an answer was seen.</summary>
    public bool WasAnswered { get; private set; }

    public Exception? Failure { get; private set; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ExchangeEnd> RunAsync(byte[] head, int headLength)
    {
        await using var leaving = context.RequestAborted.UnsafeRegister(static connection => ((InstanceConnection)connection!).Close(), connection);
        try
        {
            Limit();
            ExpectAnswer();
            await connection.SendAsync(head.AsMemory(0, headLength));
            if (shape.HasBody)
                BeginBody();
            await DeliverAsync(await ReadHeadAsync());
            return ExchangeEnd.Done;
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or OperationCanceledException or ConnectionAbortedException)
        {
            Failure = failure;
            return End(failure);
        }
        finally
        {
            if (hasBegun)
                connection.EndAnswer();
            await EndBodyAsync();
        }
    }

    private ExchangeEnd End(Exception failure)
    {
        IsReusable = false;
        if (hasBegun)
        {
            // The answer has begun: only a cut connection says that it is not whole.
            context.Abort();
            return ExchangeEnd.Done;
        }

        if (body?.ClientFailure is { } cause)
        {
            Failure = cause;
            return ExchangeEnd.ClientFailed;
        }

        if (connection.HasTimedOut)
            return ExchangeEnd.TimedOut;
        return context.RequestAborted.IsCancellationRequested ? ExchangeEnd.ClientFailed : failure is BadAnswerException ? ExchangeEnd.Bad : ExchangeEnd.Died;
    }

    private void Begin()
    {
        hasBegun = true;
        connection.BeginAnswer(context, shape.Guard?.Client);
    }

    private void ExpectAnswer() => connection.AnswerBy = Patience();

    // Who says how long a request may take in all says so of the wait for its answer, too.
    private long Patience() => options.Time.GetTimestamp() + Ticks(limits?.TotalTimeout ?? options.AnswerTimeout);

    private void Limit()
    {
        if (limits?.TotalTimeout is { } total)
            connection.EndBy = options.Time.GetTimestamp() + Ticks(total);
        if (limits?.IdleTimeout is { } pause)
            connection.LongestPause = Ticks(pause);
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * options.Time.TimestampFrequency);

    private void BeginBody()
    {
        var isLong = !(context.Request.ContentLength <= Pace.Short);
        if (isLong)
            pace.SlowDown();
        body = new RequestBody(context, connection, shape.IsChunked, isLong, () => connection.PutOffAnswer(Patience()));
        if (shape.Expects)
            _ = PermitLaterAsync(body);
        else
            body.Permit();
        sending = body.SendAsync();
    }

    private async Task PermitLaterAsync(RequestBody waiting)
    {
        await Task.Delay(options.ContinueTimeout, options.Time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        waiting.Permit();
    }

    private async ValueTask EndBodyAsync()
    {
        if (body is null)
            return;
        if (!body.IsWhole)
        {
            // Whoever has answered and not taken all of the body does not want it.
            body.Stop();
            connection.Close();
        }

        await sending;
        IsReusable &= body.IsWhole;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AnswerHead> ReadHeadAsync()
    {
        var searched = 0;
        var informational = 0;
        while (true)
        {
            var unread = connection.Unread;
            if (EndOfHead(unread.Span, searched) is var length and > 0)
            {
                var head = connection.ReadHead(length);
                if (!head.IsInformational)
                    return head;
                if (++informational > MostInformational)
                    throw new BadAnswerException("more informational answers than are taken");
                await TakeInformationalAsync(head);
                searched = 0;
                continue;
            }

            searched = Math.Max(0, unread.Length - 3);
            if (unread.Length > options.LongestHeadKilobytes * 1024)
                throw new BadAnswerException("a head that is too large");
            var reading = connection.BeginRead();
            var isThere = reading.IsCompleted;
            var count = connection.Took(await reading);
            if (!isThere)
                connection.Thread = Environment.CurrentManagedThreadId;
            if (count == 0)
                throw WasAnswered ? new BadAnswerException("no end of its head") : new IOException("The connection was closed before an answer.");
            WasAnswered = true;
        }
    }

    private ValueTask TakeInformationalAsync(AnswerHead head)
    {
        ExpectAnswer();
        if (head.Status != StatusCodes.Status100Continue)
            return PassOnAsync(head);
        body?.Permit();
        return default;
    }

    private static int EndOfHead(ReadOnlySpan<byte> bytes, int searched)
    {
        var end = bytes[searched..].IndexOf("\r\n\r\n"u8);
        return end < 0 ? 0 : searched + end + 4;
    }

    // Kestrel has no word for these. On an HTTP/1.1 connection they can be said all the same.
    private async ValueTask PassOnAsync(AnswerHead head)
    {
        var output = HttpProtocol.IsHttp11(context.Request.Protocol) ? context.Features.Get<IConnectionTransportFeature>()?.Transport.Output : null;
        if (output is null && !HttpProtocol.IsHttp2(context.Request.Protocol))
            return;
        // Until a body that is waited for has begun, Kestrel may say 100 at any moment: two would write at once.
        if (output is not null && shape.Expects && body is not { HasBegun: true })
            return;
        connection.BeginAnswer(context, shape.Guard?.Client);
        connection.Sent(Ticks(options.TakeTimeout));
        try
        {
            if (output is null)
                await Http2Informational.SayAsync(context, head);
            else
                await output.WriteAsync(head.ToInformational());
        }
        finally
        {
            connection.Taken();
            connection.EndAnswer();
        }
    }

    private async ValueTask DeliverAsync(AnswerHead head)
    {
        connection.AnswerBy = long.MaxValue;
        if (head.Status == StatusCodes.Status101SwitchingProtocols)
        {
            if (head.Upgrade is not { } protocol || !shape.AskedFor(protocol))
                throw new BadAnswerException("a switch that nobody asked for");
            head.CopyTo(context, slug);
            Begin();
            connection.EndBy = long.MaxValue;
            pace.SlowDown();
            await Tunnel.RunAsync(connection, protocol, shape, context, Ticks(options.TakeTimeout));
            return;
        }

        if (shape.IsExtendedConnect && head.Status is >= 200 and < 300)
            throw new BadAnswerException("no switch to the protocol that was asked for, and no refusal");
        head.CopyTo(context, slug);
        // An early answer: what is left of the body is not read, and the next request begins on a connection of its own.
        if (body is not null && HttpProtocol.IsHttp11(context.Request.Protocol) && await IsEarlyAsync(body))
            context.Response.Headers.Connection = "close";
        Begin();
        if (shape.Method == HttpMethods.Head || head.Status is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified)
            IsReusable = GoesOn(head);
        else if (head.Status == StatusCodes.Status205ResetContent)
            IsReusable = GoesOn(head) && head.Length == 0;
        else
            IsReusable = await CopyAsync(head) && GoesOn(head);
    }

    // False: its end was the connection's.
    private ValueTask<bool> CopyAsync(AnswerHead head)
    {
        if (head.Length <= connection.Unread.Length && !head.IsChunked)
            return SendWholeAsync((int)head.Length);
        var answer = new AnswerBody(connection, context, pace, Ticks(options.TakeTimeout));
        return head.IsChunked ? answer.CopyChunksAsync() : head.Length is { } length ? answer.CopyAsync(length) : answer.CopyToEndAsync();
    }

    // It came with its head, as short ones do.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendWholeAsync(int length)
    {
        if (length == 0)
            return true;
        var sending = context.Response.BodyWriter.WriteAsync(connection.Unread[..length]);
        if (!sending.IsCompleted)
            connection.Sent(Ticks(options.TakeTimeout));
        await sending;
        connection.Taken();
        connection.Use(length);
        return true;
    }

    // Who answers the last piece of a body may be quicker than the end of its sending is seen on another thread.
    private async ValueTask<bool> IsEarlyAsync(RequestBody body)
    {
        if (body.IsEnding)
            await sending.WaitAsync(LastPiece, options.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !sending.IsCompleted || !body.IsWhole;
    }

    // Who refused to switch may wait for what it was told of all the same.
    private bool GoesOn(AnswerHead head) => head.Persists && shape.Upgrade is null;
}
