using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tenantry.Server.Access;

namespace Tenantry.Server.Events;

/// <summary>Server-sent events as they come, with a comment when nothing came for a while, so that both ends notice a dead connection.</summary>
internal sealed class EventStream(Func<CancellationToken, IAsyncEnumerable<StreamEvent>> read, TimeProvider time) : IResult
{
    public const string ContentType = "text/event-stream";
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var place = Caller.Find(httpContext) is { } caller ? httpContext.RequestServices.GetRequiredService<OpenStreams>().Enter(caller) : null;
        using var ending = ServerStop.Link(httpContext);
        var aborted = ending.Token;
        httpContext.Response.ContentType = ContentType;
        httpContext.Response.Headers.CacheControl = "no-cache,no-store";
        httpContext.Response.Headers["X-Accel-Buffering"] = "no";
        // Not with the token of a stopping server: the caller gets an empty stream then, and comes back.
        await httpContext.Response.Body.FlushAsync(httpContext.RequestAborted);
        await using var events = read(aborted).GetAsyncEnumerator(aborted);
        var next = Task.FromResult(false);
        try
        {
            while (await HeartbeatAsync(next = events.MoveNextAsync().AsTask(), httpContext, aborted))
            {
                var item = events.Current;
                await WriteAsync(httpContext, string.Create(CultureInfo.InvariantCulture, $"id: {item.Id}\nevent: {item.Kind}\ndata: {item.Data}\n\n"));
            }
        }
        catch (OperationCanceledException) when (!httpContext.RequestAborted.IsCancellationRequested)
        {
            // The server stops: the stream ends, and the client comes back with its last id.
        }
        finally
        {
            // An enumerator must not be disposed in the middle of a step.
            await ending.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> HeartbeatAsync(Task<bool> next, HttpContext context, CancellationToken aborted)
    {
        while (!next.IsCompleted && await Task.WhenAny(next, Task.Delay(Heartbeat, time, aborted)) != next && !aborted.IsCancellationRequested)
            await WriteAsync(context, ":\n\n");
        return await next;
    }

    private static async Task WriteAsync(HttpContext context, string text)
    {
        Encoding.UTF8.GetBytes(text, context.Response.BodyWriter);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
