using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// Sends a request to an instance and its answer back. The one seam between the gateway and the library that does this (YARP's
/// forwarder would fit behind it).
/// </summary>
public interface IForwarder
{
    /// <summary>
    /// Null when the instance answered, or when the answer had begun and was cut; otherwise what the gateway is to answer, and nothing
    /// was sent yet.
    /// </summary>
    internal Task<GatewayAnswer?> ForwardAsync(HttpContext context, Route route);
}
