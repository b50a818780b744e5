using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Strictness;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Metrics;

namespace Tenantry.Server.Gateway;

/// <summary>The gateway's listener.</summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private const int MostStreams = 32;

    // What a client has sent and nobody reads yet, as while its request is held: of a connection, and of HTTP/2 of a stream.
    private const int Unread = 64 * 1024;
    private const int UnreadOfStreams = 256 * 1024;
    private const int UnreadOfStream = 128 * 1024;
    private readonly KestrelServer kestrel;
    private readonly GatewayApplication application;
    private readonly Drain drain = new();

    public GatewayServer(
        Routes routes, WaitingRoom room, IForwarder forwarder, GatewayDoors doors, CertificateFolder? certificates, ForwarderOptions settings, ILoggerFactory loggers)
    {
        application = new GatewayApplication(routes, routes.Limiter, room, forwarder, Counts, loggers.CreateLogger<GatewayApplication>());
        var options = new KestrelServerOptions { AddServerHeader = false, AllowAlternateSchemes = true };
        // Streams live long and may be quiet; what is too slow or too large is for the tier to say.
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxRequestBodySize = null;
        // Each has another behind it: beyond that, those to instances could not be made any more, for anybody.
        options.Limits.MaxConcurrentConnections = options.Limits.MaxConcurrentUpgradedConnections = SocketBudget.MostOfThisProcess;
        options.Limits.Http2.MaxStreamsPerConnection = MostStreams;
        options.Limits.MaxRequestBufferSize = Unread;
        options.Limits.Http2.InitialConnectionWindowSize = UnreadOfStreams;
        options.Limits.Http2.InitialStreamWindowSize = UnreadOfStream;
        // What is too large is said by the guard, in words.
        options.Limits.MaxRequestLineSize = RequestScanner.LongestHead;
        options.Limits.MaxRequestHeadersTotalSize = RequestScanner.LongestHead;
        // A header's bytes are the client's and the instance's business: they come out as they went in.
        options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        options.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        options.ListenHandle((ulong)doors.Plain.Handle, listener =>
        {
            PriorKnowledge.Recognize(listener, settings.HeadTimeout);
            RequestGuard.Use(listener, settings.HeadTimeout, drain);
        });
        if (doors.Tls is not null && certificates is not null)
        {
            options.ListenHandle((ulong)doors.Tls.Handle, listener =>
            {
                new TlsEntrance(certificates, settings.Trusts, loggers.CreateLogger<TlsEntrance>()).Use(listener);
                RequestGuard.Use(listener, settings.HeadTimeout, drain);
            });
        }

        kestrel = new KestrelServer(
            Options.Create(options),
            // What waits for a pipe goes on where it is filled: a thread of the pool, or a polling thread while a connection is prompt.
            // To ask first whether there is something to read costs a call of the kernel for each request, and saves 4 KiB for each connection at rest.
            new SocketTransportFactory(
                Options.Create(new SocketTransportOptions { IOQueueCount = 0, UnsafePreferInlineScheduling = true, WaitForDataBeforeAllocatingBuffer = false, MaxReadBufferSize = Unread }), loggers),
            loggers);
    }

    /// <summary>What it has counted.</summary>
    public RequestMetrics Counts { get; } = new("tenantry_gateway_request", "Durations of requests through the gateway by class of status.");

    public Task StartAsync(CancellationToken cancellationToken) => kestrel.StartAsync(application, cancellationToken);

    /// <summary>As <see cref="StopAsync"/>, where another gateway has taken over: a connection without a request is kept for its next one so long, which is answered.</summary>
    public Task StopAsync(TimeSpan linger, CancellationToken cancellationToken)
    {
        drain.Linger = linger;
        return StopAsync(cancellationToken);
    }

    /// <summary>Takes no new connection, lets requests end, and cuts what is left when cancelled.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => kestrel.StopAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        kestrel.Dispose();
        return ValueTask.CompletedTask;
    }
}
