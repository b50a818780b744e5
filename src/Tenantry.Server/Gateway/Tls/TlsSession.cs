using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Tenantry.Server.Gateway.Tls;

/// <summary>Marks a connection that came over the gateway's own TLS, and what was agreed upon there.</summary>
/// <param name="protocol">The protocol, as ALPN names it.</param>
/// <param name="certificate">The certificate that the client was shown; null: the client is a trusted proxy, which asks for any name.</param>
internal sealed class TlsSession(ReadOnlyMemory<byte> protocol, X509Certificate2? certificate) : ITlsConnectionFeature, ITlsApplicationProtocolFeature
{
    /// <summary>As the connection came: what a client says of it itself counts for nothing.</summary>
    public static string SchemeOf(HttpContext context) => context.Features.Get<ITlsConnectionFeature>() is TlsSession ? "https" : "http";

    // Nearly all requests of a connection name the same host. Streams of one may ask at once, so that both are one reference.
    private volatile Answer last = new("", false);

    /// <summary>False when the client was shown a certificate for other names, so that it cannot know with whom it speaks (RFC 9110 15.5.20).</summary>
    public bool Covers(string host)
    {
        if (certificate is null)
            return true;
        var known = last;
        if (known.Host != host)
            last = known = new Answer(host, Matches(certificate, RouteTable.Name(host).ToString()));
        return known.Covers;
    }

    public X509Certificate2? ClientCertificate
    {
        get => null;
        set => throw new NotSupportedException("Clients show no certificates here.");
    }

    public ReadOnlyMemory<byte> ApplicationProtocol => protocol;

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);

    private static bool Matches(X509Certificate2 certificate, string name)
    {
        try
        {
            return certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false);
        }
        catch (ArgumentException)
        {
            // It is no name at all.
            return false;
        }
    }

    private sealed record Answer(string Host, bool Covers);
}
