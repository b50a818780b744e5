using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Streams of a command. They are not closed.</summary>
/// <param name="Input">Read until its end; null: the command sees the end at once.</param>
/// <param name="Output">Gets the command's standard output.</param>
/// <param name="Error">Gets the command's standard error.</param>
public sealed record ExecStreams(Stream? Input, Stream Output, Stream Error);

/// <summary>One command over a WebSocket: see <see cref="ExecStartRequest"/> for the messages.</summary>
internal static class ExecSession
{
    private const int Piece = 32 * 1024;

    public static async Task<int> RunAsync(Transport transport, string path, ExecStartRequest start, ExecStreams streams, CancellationToken cancellationToken)
    {
        using var socket = await ConnectAsync(transport, path, cancellationToken);
        using var inputEnds = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await socket.SendAsync(await Transport.Json(start).ReadAsByteArrayAsync(cancellationToken), WebSocketMessageType.Text, true, cancellationToken);
            var sending = SendInputAsync(socket, streams.Input, inputEnds.Token);
            var answer = await ReceiveAsync(socket, streams, cancellationToken);
            await inputEnds.CancelAsync();
            await EndOfInputAsync(sending);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
            return answer switch
            {
                { ExitCode: { } code } => code,
                { Problem: { } problem } => throw new TenantryException((HttpStatusCode)problem.Status, problem),
                _ => throw Strange("The last message says neither an exit code nor a problem."),
            };
        }
        catch (WebSocketException broken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new TenantryUnavailableException(transport.Address, broken);
        }
    }

    private static async Task<ClientWebSocket> ConnectAsync(Transport transport, string path, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(ExecChannel.Protocol);
        socket.Options.CollectHttpResponseDetails = true;
        if (transport.Authorization is { } authorization)
            socket.Options.SetRequestHeader("Authorization", authorization.ToString());
        var http = new Uri(transport.Address.BaseAddress, path);
        var uri = new UriBuilder(http) { Scheme = http.Scheme == "https" ? "wss" : "ws" }.Uri;
        try
        {
            await socket.ConnectAsync(uri, transport.Invoker, cancellationToken);
            return socket;
        }
        catch (WebSocketException refused)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            if ((int)status < 400)
                throw new TenantryUnavailableException(transport.Address, refused);
            // A refused handshake loses its body in the WebSocket client: an ordinary request gets the problem with its sentence.
            using var request = transport.Request(HttpMethod.Get, path);
            using var response = await transport.SendAsync(request, cancellationToken);
            throw Strange($"The connection was refused with HTTP {(int)status}.");
        }
    }

    private static async Task<ExecResponse> ReceiveAsync(WebSocket socket, ExecStreams streams, CancellationToken cancellationToken)
    {
        var buffer = new byte[Piece + 1];
        using var text = new MemoryStream();
        var channel = -1;
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (result.MessageType == WebSocketMessageType.Close)
                throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely, "The connection was closed before the command's end was told.");
            var data = buffer.AsMemory(0, result.Count);
            if (result.MessageType == WebSocketMessageType.Text)
            {
                text.Write(data.Span);
                if (result.EndOfMessage)
                    return Transport.Read<ExecResponse>(text.ToArray());
                continue;
            }

            // Only a message's first byte is its channel; it may come in several frames.
            if (channel < 0 && data.Length > 0)
            {
                channel = data.Span[0];
                data = data[1..];
            }

            var stream = channel == ExecChannel.Error ? streams.Error : streams.Output;
            await stream.WriteAsync(data, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            if (result.EndOfMessage)
                channel = -1;
        }
    }

    private static async Task SendInputAsync(WebSocket socket, Stream? input, CancellationToken cancellationToken)
    {
        var buffer = new byte[Piece + 1];
        buffer[0] = ExecChannel.Input;
        while (true)
        {
            var count = input is null ? 0 : await input.ReadAsync(buffer.AsMemory(1), cancellationToken);
            await socket.SendAsync(buffer.AsMemory(0, count + 1), WebSocketMessageType.Binary, true, cancellationToken);
            if (count == 0)
                return;
        }
    }

    // A terminal's read cannot be cancelled: the command has ended, nobody waits for what a person might still type.
    private static async Task EndOfInputAsync(Task sending)
    {
        if (await Task.WhenAny(sending, Task.Delay(TimeSpan.FromMilliseconds(50))) != sending)
            return;
        try
        {
            await sending;
        }
        catch (Exception ended) when (ended is OperationCanceledException or WebSocketException)
        {
            // The command ended before its input did.
        }
    }

    private static TenantryException Strange(string detail) =>
        new(HttpStatusCode.BadGateway, new() { Title = "Strange answer", Status = 502, Detail = detail });
}
