using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>An authority, and certificates of it as files, as <c>dockerd</c> and its clients take them.</summary>
internal sealed class TestCertificates : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(2);
    private readonly X509Certificate2 _authority;

    internal TestCertificates(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow() - Life, TimeProvider.System.GetUtcNow() + Life);
    }

    /// <summary>Writes <c>ca.pem</c>, and a certificate with its key as <c>cert.pem</c> and <c>key.pem</c>.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="server">The address of the server that it is for, or null for a client's.</param>
    /// <param name="begins">When it begins to hold; it ends a day later.</param>
    internal void Write(string folder, IPAddress? server, DateTimeOffset? begins = null)
    {
        Directory.CreateDirectory(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(server is null ? "CN=client" : "CN=server", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(server is null ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1")], false));
        if (server is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(server);
            request.CertificateExtensions.Add(names.Build());
        }

        var from = begins ?? TimeProvider.System.GetUtcNow().AddHours(-1);
        using var certificate = request.Create(_authority, from, from.AddDays(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Path.Combine(folder, "ca.pem"), _authority.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => _authority.Dispose();
}
