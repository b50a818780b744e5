using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Metrics;

namespace Tenantry.Server.Gateway;

/// <summary>Says how old the routes are: in the metrics, and on an address of the gateway's own that any host name has.</summary>
internal sealed class RouteAge(Routes routes, TimeProvider time) : IMetricSource
{
    public const string Path = "/.well-known/tenantry/gateway";

    /// <summary>Seconds since the routes were last known to be right; null before there were any.</summary>
    private double? Seconds => routes.ConfirmedAt is { } at ? Math.Max(0, (time.GetUtcNow() - at).TotalSeconds) : null;

    public ValueTask WriteAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        if (Seconds is { } age)
            text.Single("tenantry_gateway_routes_age_seconds", "gauge", "Time since the gateway's routes were last known to be right.", age);
        return ValueTask.CompletedTask;
    }

    public async Task AnswerAsync(HttpContext context)
    {
        var age = Seconds is { } seconds ? seconds.ToString("0.###", CultureInfo.InvariantCulture) : "null";
        var body = Encoding.ASCII.GetBytes($"{{\"routesAgeSeconds\":{age}}}");
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        if (context.Request.Method != HttpMethods.Head)
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
