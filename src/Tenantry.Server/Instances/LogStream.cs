using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Events;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Instances;

/// <summary>
/// Lines as JSON objects, one a line, sent as they come. A failure before the first line is a problem; one after it cuts the connection.
/// </summary>
internal sealed class LogStream(Func<CancellationToken, IAsyncEnumerable<LogLine>> read, TimeProvider time) : IResult
{
    public const string ContentType = "application/x-ndjson";

    // A follower of a quiet instance gets its headers although there is no line yet.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var ending = ServerStop.Link(httpContext);
        var aborted = ending.Token;
        await using var lines = read(aborted).GetAsyncEnumerator(aborted);
        var next = lines.MoveNextAsync().AsTask();
        try
        {
            await Task.WhenAny(next, Task.Delay(Patience, time, aborted));
            if (next.IsFaulted)
                await next;
            httpContext.Response.ContentType = ContentType;
            await httpContext.Response.Body.FlushAsync(aborted);
            while (await next)
            {
                Write(httpContext, lines.Current);
                next = lines.MoveNextAsync().AsTask();
                if (!next.IsCompleted)
                    await httpContext.Response.BodyWriter.FlushAsync(aborted);
            }

            await httpContext.Response.BodyWriter.FlushAsync(aborted);
        }
        catch (OperationCanceledException) when (!httpContext.RequestAborted.IsCancellationRequested)
        {
            // The server stops. The cut says that there may be more.
            httpContext.Abort();
        }
        finally
        {
            // An enumerator must not be disposed in the middle of a step.
            await ending.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Write(HttpContext context, LogLine line)
    {
        var response = new LogLineResponse(line.At, line.Service, line.IsError ? "stderr" : "stdout", line.Text);
        using (var json = new Utf8JsonWriter(context.Response.BodyWriter, new JsonWriterOptions { Encoder = WireJson.Options.Encoder, SkipValidation = true }))
            JsonSerializer.Serialize(json, response, WireJson.Options);
        context.Response.BodyWriter.GetSpan(1)[0] = (byte)'\n';
        context.Response.BodyWriter.Advance(1);
    }
}
