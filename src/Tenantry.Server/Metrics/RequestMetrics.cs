using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Metrics;

/// <summary>Counts requests by the first digit of their status, with their durations.</summary>
public sealed class RequestMetrics(string name, string help) : IMetricSource
{
    private readonly Histogram[] byClass = [.. Enumerable.Range(0, 6).Select(_ => new Histogram(Histogram.RequestBounds))];
    private long inFlight;

    /// <summary>A request began; give what it returns to <see cref="End"/>.</summary>
    public long Begin()
    {
        Interlocked.Increment(ref inFlight);
        return Stopwatch.GetTimestamp();
    }

    /// <summary>The request ended. Status 0: it was given up.</summary>
    public void End(long began, int status)
    {
        Interlocked.Decrement(ref inFlight);
        byClass[status is >= 100 and < 600 ? status / 100 : 0].Record(Stopwatch.GetElapsedTime(began));
    }

    /// <summary>Counts whatever goes through it.</summary>
    public async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        var began = Begin();
        try
        {
            await next(context);
        }
        finally
        {
            End(began, context.RequestAborted.IsCancellationRequested ? 0 : context.Response.StatusCode);
        }
    }

    public ValueTask WriteAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        text.Begin($"{name}_duration_seconds", "histogram", help);
        for (var i = 0; i < byClass.Length; i++)
            byClass[i].Write(text, $"{name}_duration_seconds", ("status", i == 0 ? "aborted" : $"{i}xx"));
        text.Single($"{name}_in_flight", "gauge", "Requests that are being answered now.", Interlocked.Read(ref inFlight));
        return ValueTask.CompletedTask;
    }
}
