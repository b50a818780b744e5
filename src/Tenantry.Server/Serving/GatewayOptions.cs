using System.Net;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway.Tls;

namespace Tenantry.Server.Serving;

/// <summary>What was said about the gateway on the command line, checked.</summary>
internal static class GatewayOptions
{
    /// <exception cref="ServeRefusedException">One is no network.</exception>
    public static IReadOnlyList<IPNetwork> TrustedProxies(ServeOptions options) =>
    [
        .. options.TrustedProxies.Select(text => IPNetwork.TryParse(text, out var network)
            ? network
            : IPAddress.TryParse(text, out var address)
                ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
                : throw new ServeRefusedException($"--trusted-proxy '{text}' is neither a network, such as 10.0.0.0/8 (without bits behind its prefix), nor an address.")),
    ];

    /// <exception cref="ServeRefusedException">The two options do not go together, or the folder holds nothing to begin with.</exception>
    public static CertificateFolder? Certificates(ServeOptions options, ILoggerFactory loggers)
    {
        if (options.GatewayTls is null && options.Certificates is null)
            return null;
        if (options.GatewayTls is null || options.Certificates is null)
            throw new ServeRefusedException("--gateway-tls and --certificates go together: the address to listen on, and the folder of the certificates.");
        if (!Directory.Exists(options.Certificates))
            throw new ServeRefusedException($"--certificates: there is no folder {options.Certificates} that this user can read.");
        var certificates = new CertificateFolder(options.Certificates, TimeProvider.System, loggers.CreateLogger<CertificateFolder>());
        if (certificates.Names.Any())
            return certificates;
        certificates.Dispose();
        throw new ServeRefusedException($"--certificates: {options.Certificates} holds no certificate that can be used. It needs pairs NAME.crt and NAME.key (PEM), readable by the user that plays the gateway.");
    }
}
