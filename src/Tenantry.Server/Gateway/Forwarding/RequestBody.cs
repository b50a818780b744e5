using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>The client's body on its way: nothing is held back, and no more is read than the instance takes.</summary>
internal sealed class RequestBody(HttpContext context, InstanceConnection connection, bool isChunked, bool isLong, Action moved)
{
    private readonly TaskCompletionSource<bool> permission = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PipeReader body = context.Request.BodyReader;
    private volatile bool isStopped;
    private volatile bool hasBegun;
    private volatile bool isEnding;

    /// <summary>Something of it came, or its end: whoever waited for 100 has it, or did not need it.</summary>
    public bool HasBegun => hasBegun;

    /// <summary>Its last piece is being sent: the instance may answer before this is known to have ended.</summary>
    public bool IsEnding => isEnding;

    /// <summary>All of it was sent.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Why the client's side could not be read, or null.</summary>
    public Exception? ClientFailure { get; private set; }

    /// <summary>The instance wants the body, or has not said in time that it does not.</summary>
    public void Permit() => permission.TrySetResult(true);

    /// <summary>Nobody needs the rest.</summary>
    public void Stop()
    {
        isStopped = true;
        permission.TrySetResult(false);
        body.CancelPendingRead();
    }

    /// <summary>Ends when all is sent, when the instance takes no more, or after <see cref="Stop"/>. Never throws.</summary>
    public async Task SendAsync()
    {
        if (!await permission.Task)
            return;
        try
        {
            await CopyAsync();
        }
        catch (SocketException)
        {
            // The instance reads no more. What it has said, if anything, is still to be read.
        }
        catch (ObjectDisposedException)
        {
            // The exchange is over.
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or InvalidOperationException)
        {
            ClientFailure = failure;
            connection.Close();
        }
    }

    private async Task CopyAsync()
    {
        while (!isStopped)
        {
            var read = await body.ReadAsync();
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                continue;
            }

            hasBegun = true;
            moved();
            if (isLong)
                await PollingThread.LeaveAsync();
            isEnding = read.IsCompleted;
            try
            {
                if (!read.Buffer.IsEmpty)
                    await (isChunked ? SendChunkAsync(read.Buffer) : SendPlainAsync(read.Buffer));
            }
            finally
            {
                // Also where the instance takes no more: Kestrel reads on from here, so that the client may send to its end (RFC 9112 9.6).
                body.AdvanceTo(read.Buffer.End);
            }

            if (!read.IsCompleted)
                continue;
            if (isChunked)
                await connection.SendAsync(LastChunk());
            IsWhole = true;
            return;
        }
    }

    private async Task SendPlainAsync(ReadOnlySequence<byte> data)
    {
        foreach (var piece in data)
            await connection.SendAsync(piece);
    }

    private async Task SendChunkAsync(ReadOnlySequence<byte> data)
    {
        const int around = 20;
        var rest = data;
        while (!rest.IsEmpty)
        {
            var length = (int)Math.Min(rest.Length, 32 * 1024);
            var buffer = ArrayPool<byte>.Shared.Rent(length + around);
            Utf8Formatter.TryFormat(length, buffer, out var used, new StandardFormat('x'));
            "\r\n"u8.CopyTo(buffer.AsSpan(used));
            rest.Slice(0, length).CopyTo(buffer.AsSpan(used + 2));
            "\r\n"u8.CopyTo(buffer.AsSpan(used + 2 + length));
            await connection.SendAsync(buffer.AsMemory(0, used + length + 4));
            ArrayPool<byte>.Shared.Return(buffer);
            rest = rest.Slice(length);
        }
    }

    private byte[] LastChunk()
    {
        if (context.Features.Get<IHttpRequestTrailersFeature>() is not { Available: true, Trailers: { Count: > 0 } trailers })
            return "0\r\n\r\n"u8.ToArray();
        var text = new StringBuilder("0\r\n");
        foreach (var (name, values) in trailers)
        {
            if (name.AsSpan().ContainsAnyExcept(FieldRules.Token) || !FieldRules.MayTrail(name))
                continue;
            foreach (var value in values)
            {
                if (!value.AsSpan().ContainsAny(FieldRules.Controls))
                    text.Append(name).Append(": ").Append(value).Append("\r\n");
            }
        }

        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }
}
