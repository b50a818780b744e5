using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>An app that says back what it hears on a WebSocket, and a client that talks with it through a gateway.</summary>
internal static class EchoSocket
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Task<AppUpstream> StartAsync(HttpProtocols protocols = HttpProtocols.Http1) => AppUpstream.StartAsync(
        async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
            var buffer = new byte[1 << 20];
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                if (part.MessageType == WebSocketMessageType.Close)
                    break;
                await socket.SendAsync(buffer.AsMemory(0, part.Count), part.MessageType, part.EndOfMessage, context.RequestAborted);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
        },
        protocols);

    /// <summary>Connects by HTTP/1.1 or HTTP/2, sends messages short and long, hears each of them, and closes in order.</summary>
    public static async Task TalkAsync(TestGateway gateway, bool http2)
    {
        using var invoker = gateway.Client();
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("chat.v2");
        if (http2)
        {
            socket.Options.HttpVersion = HttpVersion.Version20;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new Uri($"ws://alice.localhost:{gateway.Port}/socket"), invoker, patience.Token);
        socket.SubProtocol.ShouldBe("chat.v2");
        var buffer = new byte[200_000];
        foreach (var message in new[] { "hello", new string('x', 150_000), "" })
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(length), patience.Token);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            Encoding.UTF8.GetString(buffer, 0, length).ShouldBe(message);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
        socket.CloseStatusDescription.ShouldBe("bye");
    }
}
