using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway.Forwarding.Http2;

/// <summary>
/// A WebSocket to an app that speaks HTTP/2, by extended CONNECT (RFC 8441), whatever its client speaks: bytes both ways until one of both has ended.
/// </summary>
internal static class H2cTunnel
{
    private const int PieceLength = 16 * 1024;

    // An end of one side alone cannot be said to the app. Its own follows the WebSocket's closing words, which it has.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    /// <summary>Whether the app has taken it. Otherwise its answer is one like any other.</summary>
    public static bool IsOpen(HttpResponseMessage answer) => answer.IsSuccessStatusCode;

    public static async Task RunAsync(HttpResponseMessage answer, RequestShape shape, HttpContext context, ExchangeClock clock, TimeProvider time)
    {
        var client = clock.BecomeTunnel();
        await using var inner = await answer.Content.ReadAsStreamAsync(clock.Token);
        if (!shape.IsExtendedConnect)
            context.Response.Headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
        await using var outer = await Tunnel.SwitchAsync(context, shape, shape.Upgrade!);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(clock.Token);
        var inwards = CopyAsync(outer, inner, clock, client, ending.Token);
        var outwards = CopyAsync(inner, outer, clock, client: null, ending.Token);
        if (await Task.WhenAny(inwards, outwards) == inwards && inwards.IsCompletedSuccessfully)
            await Task.WhenAny(outwards, Task.Delay(Farewell, time, ending.Token));
        await ending.CancelAsync();
        await Task.WhenAll(inwards, outwards).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Of what the client sends, or, without one, to it.
    private static async Task CopyAsync(Stream from, Stream to, ExchangeClock clock, TunnelClient? client, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Who is silent costs no buffer.
            if (await from.ReadAsync(Memory<byte>.Empty, cancellationToken) != 0)
                return;
            var buffer = ArrayPool<byte>.Shared.Rent(PieceLength);
            var count = await from.ReadAsync(buffer, cancellationToken);
            if (count > 0)
            {
                await (client is null ? clock.SendAsync(to, buffer.AsMemory(0, count), cancellationToken) : SendAsync(to, buffer.AsMemory(0, count), client, cancellationToken));
                clock.Moved();
            }

            // After a failure a write may still be under way: the buffer is then left to the garbage collector.
            ArrayPool<byte>.Shared.Return(buffer);
            if (count == 0)
                return;
        }
    }

    private static async Task SendAsync(Stream app, ReadOnlyMemory<byte> bytes, TunnelClient client, CancellationToken cancellationToken)
    {
        client.IsHeldUp = true;
        await app.WriteAsync(bytes, cancellationToken);
        await app.FlushAsync(cancellationToken);
        client.IsHeldUp = false;
    }

    // What an app that speaks HTTP/1.1 would have answered (RFC 6455 4.2.2); over HTTP/2 nobody asks for it.
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}
