using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway.Forwarding.Http2;

/// <summary>The client's body as the content of a request: each piece leaves when it comes, beside the answer.</summary>
internal sealed class H2cBody(HttpContext context, ExchangeClock clock) : HttpContent
{
    private readonly PipeReader reader = context.Request.BodyReader;
    private readonly long? length = context.Request.ContentLength;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stopping = new();
    private int begun;

    /// <summary>All of it was sent.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Why the client's side could not be read, or null.</summary>
    public Exception? ClientFailure { get; private set; }

    /// <summary>Nobody needs the rest. When this ends, nobody reads the client's body any more.</summary>
    public async ValueTask StopAsync()
    {
        if (Interlocked.Exchange(ref begun, 1) == 0)
            return;
        await stopping.CancelAsync();
        await ended.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = this.length ?? 0;
        return this.length is not null;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref begun, 1) != 0)
            throw new IOException("A body cannot be sent a second time.");
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping.Token);
        try
        {
            await CopyAsync(stream, either.Token);
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            stopping.Dispose();
        base.Dispose(disposing);
    }

    private async Task CopyAsync(Stream stream, CancellationToken cancellationToken)
    {
        // The head goes out although the body may be long in coming.
        await stream.FlushAsync(cancellationToken);
        while (!IsWhole)
        {
            var read = await ReadAsync(cancellationToken);
            try
            {
                foreach (var piece in read.Buffer)
                    await stream.WriteAsync(piece, cancellationToken);
            }
            finally
            {
                // Also where the app takes no more: Kestrel reads on from here, so that the client may send to its end (RFC 9112 9.6).
                reader.AdvanceTo(read.Buffer.End);
            }

            await stream.FlushAsync(cancellationToken);
            clock.Sent();
            IsWhole = read.IsCompleted;
        }
    }

    private async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            ClientFailure = failure;
            throw;
        }
    }
}
