using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Gateway;

public class TlsTests
{
    private static readonly Version Http2 = HttpVersion.Version20;

    private static readonly DateTimeOffset Last = new(2049, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static void Write(string folder, string name, params string[] hosts) => Write(folder, name, (DateTimeOffset.UnixEpoch, Last), hosts);

    private static void Write(string folder, string name, (DateTimeOffset From, DateTimeOffset Until) valid, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
            names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(valid.From, valid.Until);
        File.WriteAllText(Path.Combine(folder, name + ".crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, name + ".key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static async Task<string> SubjectAsync(int port, string host)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(host);
        return tls.RemoteCertificate!.Subject;
    }

    private static HttpClient Client(TestGateway gateway, Version version) => new(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, gateway.TlsPort, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("https://alice.localhost"),
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = TimeSpan.FromSeconds(60),
    };

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task RequestsComeOverTlsInEitherVersion(string version)
    {
        using var folder = new TestFolder();
        Write(folder.Root, "alice", "alice.localhost");
        using var certificates = new CertificateFolder(folder.Root, TimeProvider.System, NullLogger<CertificateFolder>.Instance);
        await using var upstream = await AppUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(
                context.Response, $"{context.Request.Headers["X-Forwarded-Proto"]} {(await reader.ReadToEndAsync()).Length}");
        });
        await using var gateway = await TestGateway.StartAsync(certificates: certificates);
        gateway.Lead(upstream.Port);
        using var client = Client(gateway, Version.Parse(version));

        for (var i = 0; i < 3; i++)
        {
            using var answer = await client.PostAsync("/", new StringContent(new string('x', 300_000)));
            answer.Version.ShouldBe(Version.Parse(version));
            (await answer.Content.ReadAsStringAsync()).ShouldBe("https 300000");
        }
    }

    [Fact]
    public async Task TheCertificateIsThatOfTheNameThatWasAskedFor()
    {
        using var folder = new TestFolder();
        Write(folder.Root, "one", "alice.localhost");
        Write(folder.Root, "wild", "*.localhost");
        using var certificates = new CertificateFolder(folder.Root, TimeProvider.System, NullLogger<CertificateFolder>.Instance);
        await using var gateway = await TestGateway.StartAsync(certificates: certificates);

        (await SubjectAsync(gateway.TlsPort, "alice.localhost")).ShouldBe("CN=one");
        (await SubjectAsync(gateway.TlsPort, "bob.localhost")).ShouldBe("CN=wild");
        await Should.ThrowAsync<Exception>(() => SubjectAsync(gateway.TlsPort, "a.b.localhost"));
        await Should.ThrowAsync<Exception>(() => SubjectAsync(gateway.TlsPort, "elsewhere.example"));
    }

    [Theory]
    [InlineData("alice.localhost", 200)]
    [InlineData("ALICE.localhost.:8443", 200)]
    [InlineData("alice2.localhost", 200)]
    [InlineData("bob.localhost", 421)]
    [InlineData("elsewhere.example", 421)]
    [InlineData("127.0.0.1", 421)]
    public async Task ANameThatTheConnectionsCertificateDoesNotHoldIsMisdirected(string host, int status)
    {
        (await StatusAsync(host, new ForwarderOptions())).ShouldBe($"HTTP/1.1 {status}");
    }

    [Theory]
    [InlineData("bob.localhost", 200)]
    [InlineData("elsewhere.example", 404)]
    public async Task ATrustedProxyMayAskForAnyNameOnAnyConnection(string host, int status)
    {
        (await StatusAsync(host, new ForwarderOptions { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] })).ShouldBe($"HTTP/1.1 {status}");
    }

    private static async Task<string> StatusAsync(string host, ForwarderOptions options)
    {
        using var folder = new TestFolder();
        Write(folder.Root, "alice", "alice.localhost", "alice2.localhost");
        Write(folder.Root, "bob", "bob.localhost");
        using var certificates = new CertificateFolder(folder.Root, TimeProvider.System, NullLogger<CertificateFolder>.Instance);
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = await TestGateway.StartAsync(options: options, certificates: certificates);
        gateway.Lead([.. ((string[])["alice", "alice2", "bob"]).Select(slug => (slug + ".localhost", new Route("id-" + slug, slug, slug, RouteState.Open, new Endpoint("127.0.0.1", upstream.Port))))]);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, gateway.TlsPort);
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("alice.localhost");
        await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        var line = new byte[12];
        await tls.ReadExactlyAsync(line);
        return System.Text.Encoding.ASCII.GetString(line);
    }

    [Fact]
    public async Task FilesThatChangeAreReadAgainAndABrokenOneLeavesTheOneBefore()
    {
        using var folder = new TestFolder();
        var time = new ManualTime();
        var log = new Lines();
        Write(folder.Root, "one", "alice.localhost");
        using var certificates = new CertificateFolder(folder.Root, time, log);
        await using var gateway = await TestGateway.StartAsync(certificates: certificates);
        var first = certificates.Find("alice.localhost");

        Write(folder.Root, "two", "bob.localhost");
        Write(folder.Root, "one", "alice.localhost");
        time.Advance(TimeSpan.FromSeconds(2));
        (await SubjectAsync(gateway.TlsPort, "bob.localhost")).ShouldBe("CN=two");
        var second = certificates.Find("alice.localhost");
        second.ShouldNotBeSameAs(first);

        File.WriteAllText(Path.Combine(folder.Root, "one.crt"), "-----BEGIN CERTIFICATE-----\nbroken\n");
        time.Advance(TimeSpan.FromSeconds(2));
        certificates.Find("alice.localhost").ShouldBeSameAs(second);
        log.Text.ShouldContain("one.crt cannot be used");
        log.Text.ShouldContain("The one before goes on serving.");

        File.Delete(Path.Combine(folder.Root, "two.crt"));
        time.Advance(TimeSpan.FromSeconds(2));
        certificates.Find("bob.localhost").ShouldBeNull();
    }

    [Theory]
    [InlineData("a certificate before its key")]
    [InlineData("a link to itself")]
    [InlineData("a link to nothing")]
    [InlineData("a pipe")]
    [InlineData("a folder")]
    public void WhateverLiesInTheFolderTheOtherCertificatesAreServedAndReadAgain(string what)
    {
        using var folder = new TestFolder();
        var time = new ManualTime();
        var log = new Lines();
        Write(folder.Root, "one", "alice.localhost");
        using var running = new CertificateFolder(folder.Root, time, log);
        var odd = Path.Combine(folder.Root, "new.crt");
        if (what == "a certificate before its key")
            File.Copy(Path.Combine(folder.Root, "one.crt"), odd);
        else if (what == "a pipe")
            Pipe(odd);
        else if (what == "a folder")
            Directory.CreateDirectory(odd);
        else
            File.CreateSymbolicLink(odd, what == "a link to itself" ? odd : odd + "x");

        time.Advance(TimeSpan.FromSeconds(2));
        using var started = new CertificateFolder(folder.Root, time, log);
        Write(folder.Root, "two", "bob.localhost");
        time.Advance(TimeSpan.FromSeconds(2));

        foreach (var certificates in (CertificateFolder[])[running, started])
        {
            certificates.Find("alice.localhost").ShouldNotBeNull();
            certificates.Find("bob.localhost").ShouldNotBeNull();
        }
    }

    [Fact]
    public void OfSeveralForOneNameTheOneServesThatIsValidAndEndsLast()
    {
        using var folder = new TestFolder();
        var time = new ManualTime();
        var now = time.GetUtcNow();
        Write(folder.Root, "a-expired", (DateTimeOffset.UnixEpoch, now.AddDays(-1)), "alice.localhost");
        Write(folder.Root, "b-ends-soon", (DateTimeOffset.UnixEpoch, now.AddDays(1)), "alice.localhost");
        Write(folder.Root, "c-ends-later", (DateTimeOffset.UnixEpoch, now.AddDays(2)), "alice.localhost");
        Write(folder.Root, "d-begins-later", (now.AddDays(1.5), now.AddDays(90)), "alice.localhost");
        using var certificates = new CertificateFolder(folder.Root, time, new Lines());
        Serving().ShouldBe("CN=c-ends-later");

        // No file changes.
        time.Advance(TimeSpan.FromDays(1.5) + TimeSpan.FromSeconds(4));
        Serving().ShouldBe("CN=d-begins-later");
        File.Delete(Path.Combine(folder.Root, "d-begins-later.crt"));
        time.Advance(TimeSpan.FromSeconds(2));
        Serving().ShouldBe("CN=c-ends-later");

        string Serving() => certificates.Find("alice.localhost")!.TargetCertificate.Subject;
    }

    [Fact]
    public void AKeyThatComesAfterItsCertificateIsTaken()
    {
        using var folder = new TestFolder();
        var time = new ManualTime();
        Write(folder.Root, "one", "alice.localhost");
        var key = Path.Combine(folder.Root, "one.key");
        File.Move(key, key + ".later");
        using var certificates = new CertificateFolder(folder.Root, time, new Lines());
        certificates.Find("alice.localhost").ShouldBeNull();

        File.Move(key + ".later", key);
        time.Advance(TimeSpan.FromSeconds(2));

        certificates.Find("alice.localhost").ShouldNotBeNull();
    }

    private static void Pipe(string path)
    {
        using var made = System.Diagnostics.Process.Start("mkfifo", [path]);
        made.WaitForExit();
        made.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task WithoutTlsNobodyIsServedThere()
    {
        using var folder = new TestFolder();
        Write(folder.Root, "one", "alice.localhost");
        using var certificates = new CertificateFolder(folder.Root, TimeProvider.System, NullLogger<CertificateFolder>.Instance);
        await using var gateway = await TestGateway.StartAsync(certificates: certificates);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, gateway.TlsPort);
        await using var connection = new RawConnection(socket.GetStream());

        await connection.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");

        (await connection.ReadToEndAsync()).ShouldNotContain("HTTP/1.1");
    }

    private sealed class Lines : ILogger<CertificateFolder>
    {
        private readonly System.Text.StringBuilder text = new();

        public string Text => text.ToString();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            text.AppendLine(formatter(state, exception));
    }
}
