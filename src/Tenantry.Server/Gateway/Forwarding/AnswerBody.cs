using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>The body on its way back: each piece leaves when it comes, and no more is read than the client takes.</summary>
internal static class AnswerBody
{
    private const int PieceLength = 16 * 1024;

    public static async Task CopyAsync(HttpResponseMessage answer, HttpContext context)
    {
        var aborted = context.RequestAborted;
        var writer = context.Response.BodyWriter;
        await using var body = await answer.Content.ReadAsStreamAsync(aborted);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceLength);
        while (true)
        {
            var reading = body.ReadAsync(buffer.AsMemory(), aborted);
            if (!reading.IsCompleted)
            {
                // The instance pauses: head and pieces so far must not wait for the next one.
                await writer.FlushAsync(aborted);
            }

            var count = await reading;
            if (count == 0)
                break;
            await writer.WriteAsync(buffer.AsMemory(0, count), aborted);
        }

        // Not after a failure: a read that is still under way must never write into somebody else's answer.
        ArrayPool<byte>.Shared.Return(buffer);
        CopyTrailers(answer, context);
    }

    private static void CopyTrailers(HttpResponseMessage answer, HttpContext context)
    {
        if (context.Features.Get<IHttpResponseTrailersFeature>() is not { Trailers.IsReadOnly: false } trailers)
            return;
        foreach (var (name, values) in answer.TrailingHeaders.NonValidated)
            trailers.Trailers.Append(name, new Microsoft.Extensions.Primitives.StringValues([.. values]));
    }
}
