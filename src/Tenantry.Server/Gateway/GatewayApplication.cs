using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Limits;
using Tenantry.Server.Gateway.Strictness;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Metrics;

namespace Tenantry.Server.Gateway;

/// <summary>One request of the gateway: find the route, forward. It sits on Kestrel directly, with no middleware in between.</summary>
internal sealed class GatewayApplication(Routes routes, RequestLimiter limiter, WaitingRoom room, IForwarder forwarder, RequestMetrics counts, ILogger<GatewayApplication> log) : IHttpApplication<DefaultHttpContext>
{
    public DefaultHttpContext CreateContext(IFeatureCollection contextFeatures)
    {
        if (contextFeatures is not IHostContextContainer<DefaultHttpContext> container)
            return new DefaultHttpContext(contextFeatures);
        if (container.HostContext is { } used)
        {
            used.Initialize(contextFeatures);
            return used;
        }

        return container.HostContext = new DefaultHttpContext(contextFeatures);
    }

    public async Task ProcessRequestAsync(DefaultHttpContext context)
    {
        var began = counts.Begin();
        try
        {
            await AnswerAsync(context);
        }
        catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested)
        {
            log.LogError(failure, "A request failed in the gateway");
            context.Abort();
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException)
        {
            log.LogTrace(failure, "A request was given up by its caller");
        }
        finally
        {
            counts.End(began, context.RequestAborted.IsCancellationRequested ? 0 : context.Response.StatusCode);
        }
    }

    public void DisposeContext(DefaultHttpContext context, Exception? exception) => context.Uninitialize();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AnswerAsync(DefaultHttpContext context)
    {
        var guard = context.Features.Get<RequestGuard>();
        guard?.Begin();
        if (guard?.Refusal is { } refusal)
        {
            await RefuseAsync(context, refusal);
            return;
        }

        if (context.Features.Get<ITlsConnectionFeature>() is TlsSession session && !session.Covers(context.Request.Headers.Host.ToString()))
        {
            await GatewayPages.WriteAsync(context, GatewayAnswer.Misdirected);
            return;
        }

        if (context.Request.Path.Value == RouteAge.Path)
        {
            await new RouteAge(routes, TimeProvider.System).AnswerAsync(context);
            return;
        }

        var route = routes.Table.Find(context.Request.Headers.Host.ToString());
        if (route is null && AskEndpoint.Answered(context, routes.Table))
            return;
        if (route is not null && MaxForwards.AreOver(context))
        {
            await MaxForwards.AnswerAsync(context);
            return;
        }

        // The waiting page's questions are the gateway's own: they take nothing from what the tier lets through.
        var isPoll = route is not null && WakePoll.IsFor(context);
        var answer = route is null ? GatewayAnswer.UnknownHost : isPoll ? await room.AnswerPollAsync(context, route) : limiter.Begin(context, route);
        if (route is not null && answer is null && !isPoll)
        {
            try
            {
                answer = await room.ServeAsync(context, route, forwarder);
            }
            finally
            {
                limiter.End(route);
                if (guard is { IsLong: true })
                    guard.IsLong = false;
            }
        }

        // A body may turn out to be refused while it is forwarded.
        if (answer is not null && guard?.Refusal is { } late)
            await RefuseAsync(context, late);
        else if (answer is not null)
            await GatewayPages.WriteAsync(context, answer);
    }

    private static Task RefuseAsync(HttpContext context, GatewayAnswer refusal)
    {
        context.Response.Headers.Connection = "close";
        return GatewayPages.WriteAsync(context, refusal);
    }
}
