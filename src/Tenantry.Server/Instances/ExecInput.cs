using System.IO.Pipelines;
using System.Net.WebSockets;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Instances;

/// <summary>
/// Takes the caller's messages off a WebSocket and makes a stream of its input channel. Receiving is never cancelled, since that would
/// break the socket before the exit code is sent; it ends when the socket is closed. A caller that goes away ends the command.
/// </summary>
internal sealed class ExecInput(WebSocket socket, CancellationTokenSource ending)
{
    private const int PieceLength = 16 * 1024;
    private readonly Pipe pipe = new();
    private bool hasEnded;

    public Stream Stream => pipe.Reader.AsStream();

    /// <summary>Until the caller closes its side.</summary>
    public async Task PumpAsync()
    {
        try
        {
            while (await NextMessageAsync())
            {
                // What it says is in the pipe.
            }
        }
        catch (Exception failure) when (failure is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Gone without a farewell.
        }

        await pipe.Writer.CompleteAsync();
        await ending.CancelAsync();
    }

    /// <summary>The command takes no more input; what comes is dropped.</summary>
    public void Close() => pipe.Reader.Complete();

    private async Task<bool> NextMessageAsync()
    {
        var channel = new byte[1];
        var part = await socket.ReceiveAsync(channel.AsMemory(), CancellationToken.None);
        if (part.MessageType == WebSocketMessageType.Close)
            return false;
        var isInput = part.Count == 1 && channel[0] == ExecChannel.Input && !hasEnded;
        var isEmpty = true;
        while (!part.EndOfMessage)
        {
            part = await socket.ReceiveAsync(isInput ? pipe.Writer.GetMemory(PieceLength) : new byte[PieceLength], CancellationToken.None);
            isEmpty &= part.Count == 0;
            if (!isInput)
                continue;
            pipe.Writer.Advance(part.Count);
            await pipe.Writer.FlushAsync();
        }

        if (isInput && isEmpty)
        {
            hasEnded = true;
            await pipe.Writer.CompleteAsync();
        }

        return true;
    }
}
