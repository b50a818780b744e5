using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>An instance that is a real web application.</summary>
internal sealed class AppUpstream : IAsyncDisposable
{
    private readonly WebApplication app;

    private AppUpstream(WebApplication app) => this.app = app;

    public int Port => new Uri(app.Urls.First()).Port;

    public static async Task<AppUpstream> StartAsync(RequestDelegate handle, HttpProtocols protocols = HttpProtocols.Http1)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ResponseHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = protocols);
        });
        var web = builder.Build();
        web.UseWebSockets();
        web.Run(handle);
        await web.StartAsync();
        return new AppUpstream(web);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Connections were cut, as asked.
        }

        await app.DisposeAsync();
    }
}
