using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Events;

/// <summary>Server-sent events as they come, with a comment when nothing came for a while, so that both ends notice a dead connection.</summary>
internal sealed class EventStream(Func<CancellationToken, IAsyncEnumerable<StreamEvent>> read, TimeProvider time) : IResult
{
    public const string ContentType = "text/event-stream";
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var aborted = httpContext.RequestAborted;
        httpContext.Response.ContentType = ContentType;
        httpContext.Response.Headers.CacheControl = "no-cache,no-store";
        httpContext.Response.Headers["X-Accel-Buffering"] = "no";
        await httpContext.Response.Body.FlushAsync(aborted);
        await using var events = read(aborted).GetAsyncEnumerator(aborted);
        while (true)
        {
            var next = events.MoveNextAsync().AsTask();
            while (!next.IsCompleted && await Task.WhenAny(next, Task.Delay(Heartbeat, time, aborted)) != next)
            {
                aborted.ThrowIfCancellationRequested();
                await WriteAsync(httpContext, ":\n\n");
            }

            if (!await next)
                return;
            var item = events.Current;
            await WriteAsync(httpContext, string.Create(CultureInfo.InvariantCulture, $"id: {item.Id}\nevent: {item.Kind}\ndata: {item.Data}\n\n"));
        }
    }

    private static async Task WriteAsync(HttpContext context, string text)
    {
        Encoding.UTF8.GetBytes(text, context.Response.BodyWriter);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
