using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Tenantry.Server.Events;

/// <summary>Streams that would go on for ever end when the server stops, so that it need not wait for them.</summary>
internal static class ServerStop
{
    /// <summary>Cancelled when the caller leaves or the server stops.</summary>
    public static CancellationTokenSource Link(HttpContext context) => CancellationTokenSource.CreateLinkedTokenSource(
        context.RequestAborted, context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
}
