using System.Buffers;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Tenantry.Server.Gateway.Forwarding.Http2;

/// <summary>An instance's answer in HTTP/2 on its way back, to a client of either version.</summary>
internal sealed class H2cAnswer(HttpContext context, string slug, HttpResponseMessage answer, ExchangeClock clock)
{
    private const int PieceLength = 16 * 1024;
    private const int MostUnsent = 32 * 1024;

    /// <exception cref="BadAnswerException">It is not well formed. Nothing was sent.</exception>
    public void CopyHead()
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        Copy(answer.Headers.NonValidated);
        Copy(answer.Content.Headers.NonValidated);
    }

    /// <summary>Body and trailers. An answer that has neither ends with its head, as gRPC needs it.</summary>
    public async Task CopyBodyAsync()
    {
        if (!HasBody())
            return;
        var isFramed = HttpProtocol.IsHttp11(context.Request.Protocol) && context.Response.ContentLength is null;
        if (isFramed)
            context.Response.Headers.TransferEncoding = "chunked";
        await using var from = await answer.Content.ReadAsStreamAsync(clock.Token);
        var writer = context.Response.BodyWriter;
        var buffer = ArrayPool<byte>.Shared.Rent(PieceLength);
        for (var unsent = 0; ;)
        {
            var reading = from.ReadAsync(buffer, clock.Token);
            // The instance pauses: what is there, if only the head, must not wait.
            if (!reading.IsCompleted || unsent > MostUnsent)
            {
                unsent = 0;
                await clock.TakenAsync(writer.FlushAsync(clock.Token));
            }

            var count = await reading;
            if (count == 0)
                break;
            clock.Moved();
            if (!context.Response.HasStarted)
                await context.Response.StartAsync(clock.Token);
            unsent += count;
            if (isFramed)
                ChunkWriter.Write(writer, buffer.AsSpan(0, count));
            else
                writer.Write(buffer.AsSpan(0, count));
        }

        // After a failure a read may still be under way: the buffer is then left to the garbage collector.
        ArrayPool<byte>.Shared.Return(buffer);
        var trailers = Trailers();
        if (isFramed)
        {
            await context.Response.StartAsync(clock.Token);
            ChunkWriter.End(writer, trailers);
        }
        else if (trailers is not null && context.Features.Get<IHttpResponseTrailersFeature>() is { Trailers.IsReadOnly: false } feature)
            trailers.ForEach(t => feature.Trailers.Append(t.Name, t.Value));
        if (context.Response.HasStarted)
            await clock.TakenAsync(writer.FlushAsync(clock.Token));
    }

    private bool HasBody() => context.Request.Method != HttpMethods.Head && context.Response.StatusCode is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);

    private List<(string Name, string Value)>? Trailers()
    {
        List<(string, string)>? all = null;
        foreach (var (name, values) in answer.TrailingHeaders.NonValidated)
        {
            foreach (var value in values)
            {
                if (!FieldRules.IsWellFormed(name, value))
                    throw new BadAnswerException("a trailer that is not well formed");
                if (FieldRules.MayTrail(name))
                    (all ??= []).Add((name, value));
            }
        }

        return all;
    }

    private void Copy(HttpHeadersNonValidated headers)
    {
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                if (!FieldRules.IsWellFormed(name, value))
                    throw new BadAnswerException("a header that is not well formed");
            }

            if (OwnCookies.IsSetting(name))
                context.Response.Headers[name] = new StringValues([.. values.Select(cookie => OwnCookies.Keep(cookie, context.Request.Headers.Host.ToString(), slug)).OfType<string>()]);
            else if (!FieldRules.IsOfOneConnection(name))
                context.Response.Headers[name] = values.Count == 1 ? values.ToString() : new StringValues([.. values]);
        }
    }
}
