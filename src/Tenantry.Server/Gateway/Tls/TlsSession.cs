using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Tenantry.Server.Gateway.Tls;

/// <summary>Marks a connection that came over the gateway's own TLS, and what was agreed upon there.</summary>
internal sealed class TlsSession(ReadOnlyMemory<byte> protocol) : ITlsConnectionFeature, ITlsApplicationProtocolFeature
{
    public X509Certificate2? ClientCertificate
    {
        get => null;
        set => throw new NotSupportedException("Clients show no certificates here.");
    }

    public ReadOnlyMemory<byte> ApplicationProtocol => protocol;

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);
}
