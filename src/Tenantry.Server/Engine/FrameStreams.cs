using Tenantry.Targets.Streams;

namespace Tenantry.Server.Engine;

/// <summary>Writes what it is given as frames of one kind.</summary>
internal sealed class FrameOutput(EngineConnection connection, byte kind) : SequentialStream
{
    private const int LargestPiece = 64 * 1024;

    public override bool CanWrite => true;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (; !buffer.IsEmpty; buffer = buffer[Math.Min(LargestPiece, buffer.Length)..])
            await connection.WriteAsync(kind, buffer[..Math.Min(LargestPiece, buffer.Length)], cancellationToken);
    }
}

/// <summary>Reads input frames until the empty one; a connection that closes before it cancels the call.</summary>
internal sealed class FrameInput(EngineConnection connection, CancellationTokenSource ending) : SequentialStream
{
    private ReadOnlyMemory<byte> rest;
    private bool ended;

    public override bool CanRead => true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (rest.IsEmpty && !ended)
            await NextAsync(cancellationToken);
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        rest = rest[count..];
        return count;
    }

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
