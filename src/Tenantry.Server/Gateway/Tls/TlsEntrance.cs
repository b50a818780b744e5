using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Gateway.Tls;

/// <summary>
/// TLS in front of the gateway: the certificate by the name that the client asks for, HTTP/2 or HTTP/1.1 as agreed. Who names no host, or
/// one without a certificate, gets no connection.
/// </summary>
internal sealed class TlsEntrance(CertificateFolder certificates, Func<IPAddress?, bool> isProxy, ILogger log)
{
    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(10);

    public void Use(ListenOptions listener)
    {
        listener.Protocols = HttpProtocols.Http1AndHttp2;
        listener.Use(next => connection => ServeAsync(next, connection));
    }

    private async Task ServeAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        var transport = connection.Transport;
        await using var plain = new DuplexStream(transport.Input.AsStream(leaveOpen: true), transport.Output.AsStream(leaveOpen: true));
        await using var tls = new SslStream(plain, leaveInnerStreamOpen: true);
        if (!await ShakeHandsAsync(tls, connection))
            return;
        var shown = isProxy((connection.RemoteEndPoint as IPEndPoint)?.Address) ? null : tls.LocalCertificate as X509Certificate2;
        var session = new TlsSession(tls.NegotiatedApplicationProtocol.Protocol, shown);
        connection.Features.Set<ITlsConnectionFeature>(session);
        connection.Features.Set<ITlsApplicationProtocolFeature>(session);
        var input = PipeReader.Create(tls, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true, useZeroByteReads: true));
        var output = PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true));
        connection.Transport = new DuplexPipe(input, output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
            await input.CompleteAsync();
            await output.CompleteAsync();
            await CloseAsync(tls);
        }
    }

    private async Task<bool> ShakeHandsAsync(SslStream tls, ConnectionContext connection)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        patience.CancelAfter(HandshakePatience);
        try
        {
            await tls.AuthenticateAsServerAsync(Choose, this, patience.Token);
            return true;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException or InvalidOperationException)
        {
            log.LogDebug("No TLS with {Peer}: {Reason}", connection.RemoteEndPoint, failure.Message);
            return false;
        }
    }

    private ValueTask<SslServerAuthenticationOptions> Choose(SslStream stream, SslClientHelloInfo hello, object? state, CancellationToken cancellationToken) =>
        certificates.Find(hello.ServerName) is { } certificate
            ? ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = certificate,
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            })
            : throw new AuthenticationException("There is no certificate for the name that was asked for.");

    private static async Task CloseAsync(SslStream tls)
    {
        try
        {
            await tls.ShutdownAsync();
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException or ConnectionAbortedException)
        {
            // The client has left without a word.
        }
    }

    private sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
