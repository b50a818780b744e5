using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>The client's body, passed on as it comes: nothing is held back, and no more is read than the instance takes.</summary>
internal sealed class RequestBody : HttpContent
{
    private readonly HttpContext context;

    public RequestBody(HttpContext context)
    {
        this.context = context;
        if (context.Request.ContentLength is { } length)
            Headers.ContentLength = length;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? transportContext) =>
        SerializeToStreamAsync(stream, transportContext, context.RequestAborted);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? transportContext, CancellationToken cancellationToken)
    {
        var body = context.Request.BodyReader;
        while (true)
        {
            if (!body.TryRead(out var read))
            {
                // The client pauses: what it said so far must not wait in a buffer.
                await stream.FlushAsync(cancellationToken);
                read = await body.ReadAsync(cancellationToken);
            }

            foreach (var piece in read.Buffer)
                await stream.WriteAsync(piece, cancellationToken);
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
