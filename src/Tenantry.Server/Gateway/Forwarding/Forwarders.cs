using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway.Forwarding.Http2;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>To each instance the protocol that its app speaks.</summary>
public sealed class Forwarders(IUpstreamConnector connector, ForwarderOptions options, ILoggerFactory loggers) : IForwarder, IDisposable
{
    private readonly HttpForwarder http1 = new(connector, options, loggers.CreateLogger<HttpForwarder>());
    private readonly H2cForwarder http2 = new(connector, options, loggers.CreateLogger<H2cForwarder>());

    ValueTask<GatewayAnswer?> IForwarder.ForwardAsync(HttpContext context, Route route) =>
        route.SpeaksHttp2 ? ((IForwarder)http2).ForwardAsync(context, route) : ((IForwarder)http1).ForwardAsync(context, route);

    /// <summary>Closes connections to that instance that wait for a request. Those in HTTP/2 say themselves when they end.</summary>
    public void Rest(string instanceId) => http1.Rest(instanceId);

    public void Dispose()
    {
        http1.Dispose();
        http2.Dispose();
    }
}
