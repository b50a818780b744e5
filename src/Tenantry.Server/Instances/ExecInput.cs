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

    public Stream Stream => pipe.Reader.AsStream();

    /// <summary>Until the caller closes its side.</summary>
    public async Task PumpAsync()
    {
        try
        {
            while (await NextMessageAsync())
                await pipe.Writer.FlushAsync();
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
        var isEmpty = part.Count == 0 || part.EndOfMessage;
        while (!part.EndOfMessage)
        {
            part = await socket.ReceiveAsync(pipe.Writer.GetMemory(PieceLength), CancellationToken.None);
            pipe.Writer.Advance(part.Count);
            isEmpty &= part.Count == 0;
            await pipe.Writer.FlushAsync();
        }

        if (isEmpty && channel[0] == ExecChannel.Input)
            await pipe.Writer.CompleteAsync();
        return true;
    }
}
