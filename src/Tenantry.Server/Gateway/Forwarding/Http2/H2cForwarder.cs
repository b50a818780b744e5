using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Gateway.Forwarding.Http2;

/// <summary>
/// Forwards over HTTP/2 without TLS, with prior knowledge: for apps that speak nothing else, as gRPC servers do. Connections are kept for each
/// <see cref="Route.Upstream"/>, many requests on each.
/// </summary>
internal sealed class H2cForwarder : IForwarder, IDisposable
{
    private const int InternalError = 2;
    private const int Cancel = 8;

    // What an app may send ahead of its client, of each request. By itself the handler would let that grow to 16 MiB, by a time that the app can stretch: the
    // program says that it shall not (System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing).
    private const int UnreadOfAnswer = 128 * 1024;
    private readonly ForwarderOptions options;
    private readonly ForwardingFailures failures;
    private readonly H2cConnections connections;
    private readonly HttpMessageInvoker invoker;

    public H2cForwarder(IUpstreamConnector connector, ForwarderOptions options, ILogger<H2cForwarder> log)
    {
        this.options = options;
        failures = new ForwardingFailures(log, options.Time);
        connections = new H2cConnections(connector, options.Time);
        invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = UnreadOfAnswer,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = options.IdleTimeout,
            Expect100ContinueTimeout = options.ContinueTimeout,
            MaxResponseHeadersLength = options.LongestHeadKilobytes,
            RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
            ConnectCallback = (connecting, cancellationToken) =>
            {
                connecting.InitialRequestMessage.Options.TryGetValue(H2cRequest.Way, out var way);
                return connections.ConnectAsync(way.Route, way.Upstream, cancellationToken);
            },
        });
    }

    async ValueTask<GatewayAnswer?> IForwarder.ForwardAsync(HttpContext context, Route route)
    {
        if (RequestShape.Of(context) is not { } shape || !H2cRequest.CanSay(shape.Method) || RequestHead.Write(context, route, shape, options) is not { } head)
            return GatewayAnswer.NotForwarded;
        await Pace.StepAsideAsync(context);
        var upstream = connections.Enter(route);
        try
        {
            return await ForwardAsync(context, route, shape, head, upstream);
        }
        finally
        {
            connections.Leave(route, upstream);
        }
    }

    /// <summary>Closes connections to that instance when none of its requests is under way.</summary>
    public void Rest(string instanceId) => connections.CloseOf(instanceId);

    /// <summary>As <see cref="ConnectionPool.CloseOldest"/>.</summary>
    public bool CloseOldest(Predicate<string> isOf) => connections.CloseOldest(isOf);

    public void Dispose()
    {
        invoker.Dispose();
        failures.Dispose();
    }

    private async Task<GatewayAnswer?> ForwardAsync(HttpContext context, Route route, RequestShape shape, (byte[] Buffer, int Length) head, H2cUpstream upstream)
    {
        using var clock = new ExchangeClock(context, shape.Guard?.Client, route.Limits, options);
        using var body = shape.HasBody ? new H2cBody(context, clock) : null;
        using var request = H2cRequest.Read(head.Buffer.AsSpan(0, head.Length), shape, route, upstream, body);
        ArrayPool<byte>.Shared.Return(head.Buffer);
        try
        {
            return await SendAsync(context, route, shape, request, body, clock);
        }
        finally
        {
            if (body is not null)
                await body.StopAsync();
        }
    }

    private async Task<GatewayAnswer?> SendAsync(HttpContext context, Route route, RequestShape shape, HttpRequestMessage request, H2cBody? body, ExchangeClock clock)
    {
        var hasFailed = false;
        while (true)
        {
            HttpResponseMessage answer;
            try
            {
                answer = await invoker.SendAsync(request, clock.Token);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
            {
                // As over HTTP/1.1: the connection died under the request, as in a restart. Who only looks may look once more.
                if (!hasFailed && shape.IsRepeatable && shape.IsSafe && HasDied(failure, clock))
                {
                    hasFailed = true;
                    continue;
                }

                return Explain(failure, context, route, body, clock);
            }

            using (answer)
                return await DeliverAsync(context, route, shape, answer, body, clock);
        }
    }

    // What the app says of a stream or a connection is an answer of its own, also when it is none that can be passed on.
    private static bool HasDied(Exception failure, ExchangeClock clock) =>
        !clock.Token.IsCancellationRequested
        && failure is HttpRequestException { HttpRequestError: not HttpRequestError.ConnectionError }
        && (Find<HttpIOException>(failure)?.HttpRequestError == HttpRequestError.ResponseEnded || Find<SocketException>(failure) is not null);

    private async Task<GatewayAnswer?> DeliverAsync(HttpContext context, Route route, RequestShape shape, HttpResponseMessage answer, H2cBody? body, ExchangeClock clock)
    {
        clock.Answered();
        var delivery = new H2cAnswer(context, route.Slug, answer, clock);
        try
        {
            delivery.CopyHead();
        }
        catch (BadAnswerException bad)
        {
            context.Response.Clear();
            return failures.Tell(GatewayAnswer.Cut, bad, context, route);
        }

        // An early answer: what is left of the body may never be read, and the next request begins on a connection of its own.
        if (body is { IsWhole: false } && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        try
        {
            if (shape.IsTunnel && H2cTunnel.IsOpen(answer))
                await H2cTunnel.RunAsync(answer, shape, context, clock, options.Time);
            else
                await delivery.CopyBodyAsync();
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            if (!context.RequestAborted.IsCancellationRequested)
                failures.Cut(failure, route);
            Cut(context, failure, clock);
        }

        return null;
    }

    // Only a cut stream says that an answer that has begun is not whole. To HTTP/2 with the instance's own reason.
    private static void Cut(HttpContext context, Exception failure, ExchangeClock clock)
    {
        if (context.Features.Get<IHttpResetFeature>() is not { } stream)
            context.Abort();
        else if (clock.HasTimedOut)
            stream.Reset(Cancel);
        else
            stream.Reset(Find<HttpProtocolException>(failure) is { ErrorCode: > 0 and <= int.MaxValue } reset ? (int)reset.ErrorCode : InternalError);
    }

    private GatewayAnswer? Explain(Exception failure, HttpContext context, Route route, H2cBody? body, ExchangeClock clock)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return null;
        if (body?.ClientFailure is { } cause)
            return failures.OfClient(cause, context, route);
        var told = Find<NoWayInException>(failure) ?? Find<NoRoomException>(failure) ?? Find<HttpProtocolException>(failure) ?? Find<SocketException>(failure) ?? failure;
        return failures.Tell(failure switch
        {
            _ when clock.HasTimedOut => GatewayAnswer.TimedOut,
            _ when told is NoWayInException => GatewayAnswer.NoWayIn,
            _ when told is NoRoomException => GatewayAnswer.NoRoom,
            // The exchange has a clock of its own: what was given up without it is the connection.
            OperationCanceledException { InnerException: TimeoutException } => GatewayAnswer.Unreachable,
            OperationCanceledException => GatewayAnswer.TimedOut,
            HttpRequestException { HttpRequestError: HttpRequestError.ExtendedConnectNotSupported } => GatewayAnswer.NoWebSockets,
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => GatewayAnswer.Unreachable,
            _ => GatewayAnswer.Cut,
        }, told, context, route);
    }

    private static T? Find<T>(Exception? failure)
        where T : Exception
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is T found)
                return found;
        }

        return null;
    }
}
