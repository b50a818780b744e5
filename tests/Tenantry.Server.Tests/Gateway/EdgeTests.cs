using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tenantry.Server.Tests.Serving;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Debian's Caddy with the Caddyfile of deploy/edge in front of a gateway, with its own authority in place of a public one.</summary>
public class EdgeTests
{
    private const string Caddy = "/usr/bin/caddy";

    private static string Caddyfile([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../deploy/edge/Caddyfile"));

    private static Process Start(string home, int gateway, int https)
    {
        var start = new ProcessStartInfo(Caddy) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var part in (string[])["run", "--adapter", "caddyfile", "--config", Caddyfile()])
            start.ArgumentList.Add(part);
        start.Environment["XDG_DATA_HOME"] = start.Environment["XDG_CONFIG_HOME"] = start.Environment["HOME"] = home;
        start.Environment["TENANTRY_GATEWAY"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{gateway}");
        start.Environment["TENANTRY_HTTPS_PORT"] = https.ToString(CultureInfo.InvariantCulture);
        start.Environment["TENANTRY_HTTP_PORT"] = FreePort.Take().ToString(CultureInfo.InvariantCulture);
        start.Environment["TENANTRY_ISSUER"] = "internal";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static HttpClient Client(int port) => new(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        Timeout = TimeSpan.FromSeconds(60),
    };

    [CaddyFact]
    public async Task CertificatesAreMadeOnDemandForOurNamesAndForNoOthers()
    {
        await using var upstream = await AppUpstream.StartAsync(context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(
            context.Response, $"{context.Request.Host} {context.Request.Headers["X-Forwarded-Proto"]}"));
        await using var gateway = await TestGateway.StartAsync(options: new() { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });
        gateway.Lead(upstream.Port);
        using var home = new TestFolder();
        var https = FreePort.Take();
        using var caddy = Start(home.Root, gateway.Port, https);
        try
        {
            using var client = Client(https);
            string? answer = null;
            await Waiting.ForAsync(async () =>
            {
                try
                {
                    answer = await client.GetStringAsync("https://alice.localhost/");
                    return true;
                }
                catch (HttpRequestException)
                {
                    // Caddy is not listening yet, or is making its authority.
                    return caddy.HasExited;
                }
            });

            answer.ShouldBe("alice.localhost https");
            await Should.ThrowAsync<HttpRequestException>(() => client.GetStringAsync("https://mallory.localhost/"));
        }
        finally
        {
            caddy.Kill();
            await caddy.WaitForExitAsync();
        }
    }

    private sealed class CaddyFactAttribute : FactAttribute
    {
        public CaddyFactAttribute() => Skip = File.Exists(Caddy) ? null : "skipped: needs caddy (apt-get install caddy)";
    }
}
