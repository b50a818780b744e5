using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway.Forwarding.Http2;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>To each instance the protocol that its app speaks.</summary>
public sealed class Forwarders : IForwarder, IDisposable
{
    private readonly HttpForwarder http1;
    private readonly H2cForwarder http2;

    public Forwarders(IUpstreamConnector connector, ForwarderOptions options, ILoggerFactory loggers)
    {
        http1 = new HttpForwarder(connector, options, loggers.CreateLogger<HttpForwarder>());
        http2 = new H2cForwarder(connector, options, loggers.CreateLogger<H2cForwarder>());
        connector.Sockets.MakeRoom = isOf => http1.CloseOldest(isOf) | http2.CloseOldest(isOf);
    }

    ValueTask<GatewayAnswer?> IForwarder.ForwardAsync(HttpContext context, Route route) =>
        route.SpeaksHttp2 ? ((IForwarder)http2).ForwardAsync(context, route) : ((IForwarder)http1).ForwardAsync(context, route);

    /// <summary>Closes connections to that instance that wait for a request.</summary>
    public void Rest(string instanceId)
    {
        http1.Rest(instanceId);
        http2.Rest(instanceId);
    }

    public void Dispose()
    {
        http1.Dispose();
        http2.Dispose();
    }
}
