using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Forwards with <see cref="SocketsHttpHandler"/>: one handler, whose pools are named by <see cref="Route.Upstream"/>.</summary>
public sealed class HttpForwarder : IForwarder, IDisposable
{
    private readonly HttpMessageInvoker invoker;
    private readonly ForwarderOptions options;
    private readonly ILogger<HttpForwarder> log;

    public HttpForwarder(IUpstreamConnector connector, ForwarderOptions options, ILogger<HttpForwarder> log)
    {
        this.options = options;
        this.log = log;
        invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = options.ConnectTimeout,
            Expect100ContinueTimeout = options.ContinueTimeout,
            PooledConnectionIdleTimeout = options.IdleTimeout,
            MaxResponseHeadersLength = options.LongestHeadKilobytes,
            ResponseDrainTimeout = TimeSpan.Zero,
            ConnectCallback = (context, cancellationToken) => connector.ConnectAsync(((UpstreamRequest)context.InitialRequestMessage).Route, cancellationToken),
        });
    }

    async Task<GatewayAnswer?> IForwarder.ForwardAsync(HttpContext context, Route route)
    {
        if (UpstreamRequest.Make(context, route) is not { } request)
            return GatewayAnswer.NotForwarded;
        using var patience = new CancellationTokenSource(options.AnswerTimeout, options.Time);
        await using var leaving = context.RequestAborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), patience);
        HttpResponseMessage answer;
        try
        {
            answer = await invoker.SendAsync(request, patience.Token);
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or IOException)
        {
            return Explain(failure, context, route);
        }

        using (answer)
        {
            patience.CancelAfter(Timeout.InfiniteTimeSpan);
            await DeliverAsync(answer, request, context, route);
        }

        return null;
    }

    public void Dispose() => invoker.Dispose();

    private async Task DeliverAsync(HttpResponseMessage answer, UpstreamRequest request, HttpContext context, Route route)
    {
        try
        {
            AnswerHead.Copy(answer, context);
            if (answer.StatusCode == HttpStatusCode.SwitchingProtocols)
                await Tunnel.RunAsync(answer, request, context);
            else
                await AnswerBody.CopyAsync(answer, context);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            // The answer has begun: only a cut connection says that it is not whole.
            if (!context.RequestAborted.IsCancellationRequested)
                log.LogInformation("{Slug} did not end its answer: {Reason}", route.Slug, failure.Message);
            context.Abort();
        }
    }

    private GatewayAnswer? Explain(Exception failure, HttpContext context, Route route)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return null;
        var answer = failure switch
        {
            HttpRequestException { InnerException: NoWayInException } => GatewayAnswer.NoWayIn,
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => GatewayAnswer.Unreachable,
            HttpRequestException { InnerException: OperationCanceledException or TimeoutException } or OperationCanceledException => GatewayAnswer.TimedOut,
            _ => GatewayAnswer.Cut,
        };
        log.LogInformation("{Slug} did not answer ({Status}): {Reason}", route.Slug, answer.Status, failure.GetBaseException().Message);
        if (BodyWasTaken(context))
            context.Response.Headers.Connection = "close";
        return answer;
    }

    // A body that was read in part cannot be skipped in time: the next request begins on a connection of its own.
    private static bool BodyWasTaken(HttpContext context) =>
        HttpProtocol.IsHttp11(context.Request.Protocol) && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
}

/// <summary>Times and sizes of forwarding.</summary>
public sealed record ForwarderOptions
{
    /// <summary>For a connection to an instance.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the request to the head of the answer.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The clock of <see cref="AnswerTimeout"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long an instance may take to say 100 or 417 before the body is sent all the same.</summary>
    public TimeSpan ContinueTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Connections that were not used for so long are closed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Largest head of an answer.</summary>
    public int LongestHeadKilobytes { get; init; } = 64;
}
