using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tenantry.Server.Gateway.Strictness;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>After both ends have switched protocols (WebSocket and others): bytes both ways, until both have ended.</summary>
internal static class Tunnel
{
    private const int PieceLength = 16 * 1024;

    public static async Task RunAsync(HttpResponseMessage answer, UpstreamRequest request, HttpContext context)
    {
        await using var inner = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        await using var outer = await SwitchAsync(context, request);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var inwards = CopyAsync(outer, inner, ending.Token);
        var outwards = CopyAsync(inner, outer, ending.Token);
        // An instance that has ended has nothing more to hear. A client that has ended its side may still be told something.
        var first = await Task.WhenAny(inwards, outwards);
        if (first == inwards && inwards.IsCompletedSuccessfully)
            await outwards;
        await ending.CancelAsync();
        await Task.WhenAll(inwards, outwards).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task<Stream> SwitchAsync(HttpContext context, UpstreamRequest request)
    {
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } extended)
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.Headers.Remove("Sec-WebSocket-Accept");
            return await extended.AcceptAsync();
        }

        context.Features.Get<RequestGuard>()?.Switch();
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = request.Upgrade;
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        var buffer = new byte[PieceLength];
        for (int count; (count = await from.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            await to.FlushAsync(cancellationToken);
        }
    }
}
