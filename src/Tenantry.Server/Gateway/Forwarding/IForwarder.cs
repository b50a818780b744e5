using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Sends a request to an instance and its answer back. The one seam between the gateway and what does this (YARP's forwarder would fit
/// behind it; see docs/decisions/2026-11-28-own-forwarder.md).
/// </summary>
public interface IForwarder
{
    /// <summary>
    /// Null when the instance answered, or when the answer had begun and was cut; otherwise what the gateway is to answer, and nothing
    /// was sent yet.
    /// </summary>
    internal ValueTask<GatewayAnswer?> ForwardAsync(HttpContext context, Route route);
}
