using System.Diagnostics;

namespace Tenantry.Bench;

/// <summary>An nginx that answers by itself, and the two that one would put in front of it instead. The benchmark has a network of its own, so ports are free.</summary>
internal sealed class GatewayRivals : IAsyncDisposable
{
    public const int UpstreamPort = 19001;
    public const int NginxPort = 19002;
    public const int CaddyPort = 19003;

    /// <summary>This nginx does not speak both versions on one port without TLS.</summary>
    public const int NginxHttp2Port = 19004;

    private readonly string folder = Directory.CreateTempSubdirectory("tenantry-bench-rivals-").FullName;
    private readonly List<Process> running = [];

    public IReadOnlyList<int> Upstream => [running[0].Id];

    public IReadOnlyList<int> Proxies => [.. running.Skip(1).Select(process => process.Id)];

    public static async Task<GatewayRivals> StartAsync(CancellationToken cancellationToken)
    {
        var rivals = new GatewayRivals();
        await File.WriteAllBytesAsync(Path.Combine(rivals.folder, "large"), new byte[1 << 20], cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(rivals.folder, "upstream.conf"), rivals.Nginx(1, $$"""
            server {
                listen 127.0.0.1:{{UpstreamPort}};
                root {{rivals.folder}};
                location = / { default_type text/plain; return 200 "Hello from an instance of its own.\n"; }
            }
            """), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(rivals.folder, "proxy.conf"), rivals.Nginx(2, $$"""
            upstream instance { server 127.0.0.1:{{UpstreamPort}}; keepalive 256; keepalive_requests 1000000000; }
            server {
                listen 127.0.0.1:{{NginxPort}};
                listen 127.0.0.1:{{NginxHttp2Port}} http2;
                location / {
                    proxy_pass http://instance;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_set_header Host $host;
                    proxy_set_header X-Forwarded-For $remote_addr;
                    proxy_set_header X-Forwarded-Proto $scheme;
                }
            }
            """), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(rivals.folder, "Caddyfile"), $$"""
            {
                admin off
                auto_https off
                servers {
                    protocols h1 h2 h2c
                }
            }
            http://:{{CaddyPort}} {
                bind 127.0.0.1
                reverse_proxy 127.0.0.1:{{UpstreamPort}}
            }
            """, cancellationToken);
        rivals.running.Add(Programs.Start("/usr/sbin/nginx", "-c", Path.Combine(rivals.folder, "upstream.conf")));
        rivals.running.Add(Programs.Start("/usr/sbin/nginx", "-c", Path.Combine(rivals.folder, "proxy.conf")));
        rivals.running.Add(Programs.Start("/usr/bin/env", $"HOME={rivals.folder}", "caddy", "run", "--adapter", "caddyfile", "--config", Path.Combine(rivals.folder, "Caddyfile")));
        foreach (var (port, process) in new[] { UpstreamPort, NginxPort, CaddyPort }.Zip(rivals.running))
        {
            if (process.HasExited)
                throw new InvalidOperationException($"{process.StartInfo.FileName} ended at once: look at its configuration");
            await Answer.UntilOkAsync(port, "alice.localhost", cancellationToken);
        }

        return rivals;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in running)
        {
            await Programs.RunAsync("kill", ["-TERM", process.Id.ToString()], CancellationToken.None);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    private string Nginx(int workers, string server) => $$"""
        daemon off;
        worker_processes {{workers}};
        pid {{folder}}/{{workers}}.pid;
        error_log /dev/null;
        user root;
        events { worker_connections 4096; }
        http {
            access_log off;
            keepalive_requests 1000000000;
            client_body_temp_path {{folder}};
            proxy_temp_path {{folder}};
            fastcgi_temp_path {{folder}};
            uwsgi_temp_path {{folder}};
            scgi_temp_path {{folder}};
            {{server}}
        }
        """;
}
