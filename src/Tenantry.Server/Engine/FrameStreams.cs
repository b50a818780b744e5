namespace Tenantry.Server.Engine;

/// <summary>Writes what it is given as frames of one kind.</summary>
internal sealed class FrameOutput(EngineConnection connection, byte kind) : Stream
{
    private const int LargestPiece = 64 * 1024;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (; !buffer.IsEmpty; buffer = buffer[Math.Min(LargestPiece, buffer.Length)..])
            await connection.WriteAsync(kind, buffer[..Math.Min(LargestPiece, buffer.Length)], cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) =>
        WriteAsync(buffer.AsMemory(offset, count), CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>Reads input frames until the empty one; a connection that closes before it cancels the call.</summary>
internal sealed class FrameInput(EngineConnection connection, CancellationTokenSource ending) : Stream
{
    private ReadOnlyMemory<byte> rest;
    private bool ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (rest.IsEmpty && !ended)
            await NextAsync(cancellationToken);
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        rest = rest[count..];
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count), CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task NextAsync(CancellationToken cancellationToken)
    {
        switch (await connection.ReadAsync(cancellationToken))
        {
            case (EngineFrames.Input, { Length: > 0 } payload):
                rest = payload;
                break;
            case (EngineFrames.Input, _):
                ended = true;
                _ = WatchForCloseAsync();
                break;
            default:
                ended = true;
                await ending.CancelAsync();
                throw new OperationCanceledException("The caller went away.");
        }
    }

    private async Task WatchForCloseAsync()
    {
        try
        {
            await connection.ReadAsync(ending.Token);
            await ending.CancelAsync();
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            // The call ended by itself.
        }
    }
}
