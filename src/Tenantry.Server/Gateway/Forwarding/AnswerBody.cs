using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>An answer's body on its way back: each piece leaves when it comes, and no more is read than the client takes.</summary>
internal sealed class AnswerBody(InstanceConnection connection, HttpContext context, Pace pace, long patience)
{
    private const int Piece = 64 * 1024;
    private const int MostUnsent = 32 * 1024;
    private readonly PipeWriter writer = context.Response.BodyWriter;
    private long passed;

    /// <summary>A body of so many bytes. True, as each of these says whether the connection goes on after it.</summary>
    public async ValueTask<bool> CopyAsync(long length)
    {
        var rest = length;
        if (length > Pace.Short)
            pace.SlowDown();
        while (rest > 0)
        {
            if (connection.Unread.IsEmpty)
            {
                if (rest > Pace.Short)
                {
                    await PassAsync(rest);
                    return true;
                }

                await ReadAsync(isFlushed: length == rest);
            }

            var piece = connection.Unread;
            if (piece.Length > rest)
                piece = piece[..(int)rest];
            rest -= piece.Length;
            await TakenAsync(writer.WriteAsync(piece));
            connection.Use(piece.Length);
        }

        return true;
    }

    /// <summary>A body that ends with its connection.</summary>
    public async ValueTask<bool> CopyToEndAsync()
    {
        while (true)
        {
            if (!connection.Unread.IsEmpty)
            {
                var count = connection.Unread.Length;
                await TakenAsync(writer.WriteAsync(connection.Unread));
                connection.Use(count);
                await GoOnAsync(count);
            }

            var reading = connection.ReadAsync();
            if (!reading.IsCompleted)
                await TakenAsync(writer.FlushAsync());
            if (await reading == 0)
                return false;
        }
    }

    /// <summary>A chunked body. To HTTP/1.1 it goes in chunks of our own, so that its trailers can go with it.</summary>
    public async ValueTask<bool> CopyChunksAsync()
    {
        var isFramed = HttpProtocol.IsHttp11(context.Request.Protocol);
        if (isFramed)
            context.Response.Headers.TransferEncoding = "chunked";
        await context.Response.StartAsync();
        var chunks = new ChunkReader();
        var unsent = 0;
        while (true)
        {
            var written = Decode(chunks, isFramed);
            unsent += written;
            if (chunks.IsAtEnd)
                break;
            await GoOnAsync(written);
            var reading = connection.ReadAsync();
            if (!reading.IsCompleted || unsent > MostUnsent)
            {
                unsent = 0;
                await TakenAsync(writer.FlushAsync());
            }

            if (await reading == 0)
                throw new BadAnswerException("no end");
        }

        if (isFramed)
            ChunkWriter.End(writer, chunks.Trailers);
        else if (chunks.Trailers is { } trailers && context.Features.Get<IHttpResponseTrailersFeature>() is { Trailers.IsReadOnly: false } feature)
            trailers.ForEach(t => feature.Trailers.Append(t.Name, t.Value));
        await TakenAsync(writer.FlushAsync());
        return true;
    }

    // The rest of a large body: read into the memory that it is sent from.
    private async ValueTask PassAsync(long rest)
    {
        if (!context.Response.HasStarted)
            await TakenAsync(writer.FlushAsync());
        while (rest > 0)
        {
            var room = writer.GetMemory((int)Math.Min(rest, Piece));
            await PollingThread.LeaveAsync();
            var count = await connection.ReceiveAsync(room[..(int)Math.Min(rest, room.Length)]);
            if (count == 0)
                throw new BadAnswerException("no end");
            writer.Advance(count);
            rest -= count;
            await TakenAsync(writer.FlushAsync());
        }
    }

    // Whoever takes nothing for too long is cut (InstanceConnection.IsNotTaken): what waits for it holds a place, and its instance awake.
    private ValueTask TakenAsync(ValueTask<FlushResult> sending)
    {
        if (!sending.IsCompletedSuccessfully)
            return UntilTakenAsync(sending);
        sending.GetAwaiter().GetResult();
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask UntilTakenAsync(ValueTask<FlushResult> sending)
    {
        connection.Sent(patience);
        await sending;
        connection.Taken();
    }

    // Nobody said how long it is.
    private ValueTask GoOnAsync(int count)
    {
        passed += count;
        if (passed <= Pace.Short)
            return default;
        pace.SlowDown();
        return PollingThread.LeaveAsync();
    }

    private async ValueTask ReadAsync(bool isFlushed)
    {
        var reading = connection.ReadAsync();
        // The instance pauses: the head must not wait for the first piece.
        if (isFlushed && !reading.IsCompleted)
            await TakenAsync(writer.FlushAsync());
        if (await reading == 0)
            throw new BadAnswerException("no end");
    }

    private int Decode(ChunkReader chunks, bool isFramed)
    {
        var total = 0;
        while (true)
        {
            var data = chunks.Next(connection.Unread.Span, out var used);
            if (!data.IsEmpty)
            {
                total += data.Length;
                Write(data, isFramed);
            }

            connection.Use(used);
            if (data.IsEmpty)
                return total;
        }
    }

    private void Write(ReadOnlySpan<byte> data, bool isFramed)
    {
        if (isFramed)
            ChunkWriter.Write(writer, data);
        else
            writer.Write(data);
    }
}
