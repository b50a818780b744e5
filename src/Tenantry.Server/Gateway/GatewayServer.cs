using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Strictness;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Metrics;

namespace Tenantry.Server.Gateway;

/// <summary>The gateway's listener.</summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private readonly KestrelServer kestrel;
    private readonly GatewayApplication application;

    public GatewayServer(Routes routes, WaitingRoom room, IForwarder forwarder, IPEndPoint address, ILoggerFactory loggers)
    {
        application = new GatewayApplication(routes, routes.Limiter, room, forwarder, Counts, loggers.CreateLogger<GatewayApplication>());
        var options = new KestrelServerOptions { AddServerHeader = false, AllowAlternateSchemes = true };
        // Streams live long and may be quiet; what is too slow or too large is for the tier to say.
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxRequestBodySize = null;
        // A header's bytes are the client's and the instance's business: they come out as they went in.
        options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        options.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        options.Listen(address, listener =>
        {
            PriorKnowledge.Recognize(listener);
            RequestGuard.Use(listener);
        });
        kestrel = new KestrelServer(
            Options.Create(options),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers),
            loggers);
    }

    /// <summary>What it has counted.</summary>
    public RequestMetrics Counts { get; } = new("tenantry_gateway_request", "Durations of requests through the gateway by class of status.");

    /// <summary>Where it listens: known once it has started.</summary>
    public Uri Address => new(kestrel.Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public Task StartAsync(CancellationToken cancellationToken) => kestrel.StartAsync(application, cancellationToken);

    /// <summary>Takes no new connection, lets requests end, and cuts what is left when cancelled.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => kestrel.StopAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        kestrel.Dispose();
        return ValueTask.CompletedTask;
    }
}
