using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tenantry.Server.Engine;

namespace Tenantry.Server.Metrics;

/// <summary><c>/metrics</c>: what this process counts, and what the engine's process counts when that is another one.</summary>
internal static class MetricsApi
{
    public static void MapMetrics(this IEndpointRouteBuilder routes) => routes.MapGet("/metrics", WriteAsync).ExcludeFromDescription();

    private static async Task WriteAsync(HttpContext context, IEnumerable<IMetricSource> sources, IEngineLink engine, CancellationToken cancellationToken)
    {
        var text = new PrometheusText();
        foreach (var source in sources)
            await source.WriteAsync(text, cancellationToken);
        try
        {
            text.Append(await engine.ReadMetricsAsync(cancellationToken));
            text.Single("tenantry_engine_up", "gauge", "1 while the engine answers.", 1);
        }
        catch (EngineUnavailableException)
        {
            text.Single("tenantry_engine_up", "gauge", "1 while the engine answers.", 0);
        }

        context.Response.ContentType = PrometheusText.ContentType;
        await context.Response.WriteAsync(text.ToString(), cancellationToken);
    }
}
