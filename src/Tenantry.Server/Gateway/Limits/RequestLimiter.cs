using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.Gateway.Limits;

/// <summary>Lets through to each instance what its tier allows. One instance's requests never count for another's.</summary>
public sealed class RequestLimiter(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, InstanceMeter> meters = new(StringComparer.Ordinal);

    /// <summary>Why the request does not go on, or null: then <see cref="End"/> follows.</summary>
    internal GatewayAnswer? Begin(HttpContext context, Route route)
    {
        if (route.Limits is not { } limits)
            return null;
        if (limits.BodySize is { } size)
        {
            if (context.Request.ContentLength > size)
                return Refuse(context, GatewayAnswer.BodyTooLarge);
            // Bodies of unknown length are counted while they are read.
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } largest)
                largest.MaxRequestBodySize = size;
        }

        if (limits.Rate is null && limits.Concurrency is null)
            return null;
        var refusal = meters.GetOrAdd(route.InstanceId, static _ => new InstanceMeter()).Begin(limits, time.GetUtcNow());
        return refusal is null ? null : Refuse(context, refusal);
    }

    /// <summary>The request is over.</summary>
    internal void End(Route route)
    {
        if (route.Limits is { } limits && (limits.Rate is not null || limits.Concurrency is not null) && meters.TryGetValue(route.InstanceId, out var meter))
            meter.End();
    }

    /// <summary>Forgets instances that no route leads to any more.</summary>
    public void Forget(RouteTable table)
    {
        if (meters.IsEmpty)
            return;
        var known = table.Hosts.Values.Select(route => route.InstanceId).ToHashSet(StringComparer.Ordinal);
        foreach (var id in meters.Keys.Where(id => !known.Contains(id)))
            meters.TryRemove(id, out _);
    }

    // A body that nobody reads cannot be skipped in time: the next request begins on a connection of its own.
    private static GatewayAnswer Refuse(HttpContext context, GatewayAnswer refusal)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol) && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
            context.Response.Headers.Connection = "close";
        return refusal;
    }
}
