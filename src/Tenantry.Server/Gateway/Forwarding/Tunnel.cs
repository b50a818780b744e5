using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>After both ends have switched protocols (WebSocket and others): bytes both ways, until both have ended. Who is silent costs no buffer.</summary>
internal static class Tunnel
{
    private const int PieceLength = 16 * 1024;

    /// <param name="inner">The instance, which has switched.</param>
    /// <param name="protocol">To what it says.</param>
    /// <param name="shape">The request.</param>
    /// <param name="context">The client's side.</param>
    /// <param name="patience">In timestamps: the longest time that the client may take nothing.</param>
    public static async Task RunAsync(InstanceConnection inner, string protocol, RequestShape shape, HttpContext context, long patience)
    {
        await using var outer = await SwitchAsync(context, shape, protocol);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var client = inner.Tunnel = new TunnelClient(shape.Guard?.Client);
        var inwards = InwardsAsync(outer, inner, client, ending.Token);
        var outwards = OutwardsAsync(inner, outer, client, patience, ending.Token);
        // An instance that has ended has nothing more to hear. A client that has ended its side may still be told something, while it is there and anything moves (TunnelClient).
        var first = await Task.WhenAny(inwards, outwards);
        if (first == inwards && inwards.IsCompletedSuccessfully)
            await outwards;
        await ending.CancelAsync();
        inner.Close();
        await Task.WhenAll(inwards, outwards).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The client's side, once it has been told that the protocols are switched.</summary>
    public static async Task<Stream> SwitchAsync(HttpContext context, RequestShape shape, string protocol)
    {
        if (shape.IsExtendedConnect)
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.Headers.Remove("Sec-WebSocket-Accept");
            return await context.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync();
        }

        shape.Guard?.Switch();
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = protocol;
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static async Task InwardsAsync(Stream outer, InstanceConnection inner, TunnelClient client, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await outer.ReadAsync(Memory<byte>.Empty, cancellationToken) != 0)
                return;
            var buffer = ArrayPool<byte>.Shared.Rent(PieceLength);
            var count = await outer.ReadAsync(buffer, cancellationToken);
            await PollingThread.LeaveAsync();
            if (count > 0)
            {
                client.IsHeldUp = true;
                await inner.SendAsync(buffer.AsMemory(0, count));
                client.IsHeldUp = false;
            }

            ArrayPool<byte>.Shared.Return(buffer);
            if (count > 0)
                continue;
            inner.EndSending();
            client.HasEnded = true;
            return;
        }
    }

    private static async Task OutwardsAsync(InstanceConnection inner, Stream outer, TunnelClient client, long patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!inner.Unread.IsEmpty)
            {
                client.IsTold = true;
                inner.Sent(patience);
                await outer.WriteAsync(inner.Unread, cancellationToken);
                await outer.FlushAsync(cancellationToken);
                inner.Taken();
                client.IsTold = false;
                inner.Use(inner.Unread.Length);
            }

            await inner.WaitAsync();
            await PollingThread.LeaveAsync();
            if (await inner.ReadAsync() == 0)
                return;
        }
    }
}
