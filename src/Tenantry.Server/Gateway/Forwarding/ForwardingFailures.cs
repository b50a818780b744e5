using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>What a client is told, and the log, when forwarding failed.</summary>
internal sealed class ForwardingFailures(ILogger log, TimeProvider time) : IDisposable
{
    private readonly LogShare share = new(log, LogLevel.Information, time);

    /// <summary>The client gets that answer; the log gets the cause.</summary>
    public GatewayAnswer Tell(GatewayAnswer answer, Exception failure, HttpContext context, Route route)
    {
        if (share.Has(route.Slug))
            log.LogInformation("{Slug} did not answer ({Status}): {Reason}", route.Slug, answer.Status, failure.Message);
        // A body that was read in part cannot be skipped in time: the next request begins on a connection of its own.
        if (HttpProtocol.IsHttp11(context.Request.Protocol) && context.Request.ContentLength is not 0 && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
            context.Response.Headers.Connection = "close";
        return answer;
    }

    /// <summary>The client left, or its body was not what it should be.</summary>
    public GatewayAnswer? OfClient(Exception failure, HttpContext context, Route route) => context.RequestAborted.IsCancellationRequested
        ? null
        : Tell(failure is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } ? GatewayAnswer.BodyTooLarge : GatewayAnswer.BadBody, failure, context, route);

    /// <summary>An answer that had begun ended too soon.</summary>
    public void Cut(Exception failure, Route route)
    {
        if (share.Has(route.Slug))
            log.LogInformation("{Slug} did not end its answer: {Reason}", route.Slug, failure.Message);
    }

    public void Dispose() => share.Dispose();
}
