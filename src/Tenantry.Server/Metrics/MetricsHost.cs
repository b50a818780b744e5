using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;

namespace Tenantry.Server.Metrics;

/// <summary><c>/metrics</c> on an address of its own, for a gateway without an api.</summary>
internal static class MetricsHost
{
    public static WebApplication Build(IPEndPoint address, IReadOnlyList<IMetricSource> sources, IEngineLink engine, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "tenantry", ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(loggers).AddSingleton<IEnumerable<IMetricSource>>(sources).AddSingleton(engine);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, listener => listener.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.MapMetrics();
        return app;
    }
}
