using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Forwards over HTTP/1.1 connections of its own, which are kept for each <see cref="Route.Upstream"/>.</summary>
public sealed class HttpForwarder : IForwarder, IDisposable
{
    private readonly IUpstreamConnector connector;
    private readonly ForwarderOptions options;
    private readonly ForwardingFailures failures;
    private readonly ConnectionPool pool;

    public HttpForwarder(IUpstreamConnector connector, ForwarderOptions options, ILogger<HttpForwarder> log)
    {
        this.connector = connector;
        this.options = options;
        failures = new ForwardingFailures(log, options.Time);
        pool = new ConnectionPool(options);
    }

    ValueTask<GatewayAnswer?> IForwarder.ForwardAsync(HttpContext context, Route route) =>
        RequestShape.Of(context) is { } shape && RequestHead.Write(context, route, shape, options) is { } head
            ? SendAsync(context, route, shape, head)
            : ValueTask.FromResult<GatewayAnswer?>(GatewayAnswer.NotForwarded);

    /// <summary>The instance rests: an app's own limit for connections that wait runs on meanwhile, and what it closes when it wakes would be taken for the next request.</summary>
    public void Rest(string instanceId) => pool.CloseOf(instanceId);

    /// <summary>As <see cref="ConnectionPool.CloseOldest"/>.</summary>
    internal bool CloseOldest(Predicate<string> isOf) => pool.CloseOldest(isOf);

    public void Dispose()
    {
        pool.Dispose();
        failures.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GatewayAnswer?> SendAsync(HttpContext context, Route route, RequestShape shape, (byte[] Buffer, int Length) head)
    {
        try
        {
            var connection = pool.Take(route.Upstream);
            var hasFailedAnew = false;
            while (true)
            {
                var isUsed = connection is not null;
                try
                {
                    connection ??= await ConnectAsync(context, route);
                }
                catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
                {
                    return Explain(failure, context, route);
                }

                var exchange = new Exchange(context, shape, connection, route.Slug, route.Limits, options);
                ExchangeEnd end;
                try
                {
                    end = await exchange.RunAsync(head.Buffer, head.Length);
                }
                catch
                {
                    // Whatever is thrown: a connection that nobody has any more is closed.
                    pool.Remove(connection);
                    throw;
                }

                if (exchange.IsReusable)
                    pool.Return(route.Upstream, connection);
                else
                    pool.Remove(connection);
                // The instance may have closed a connection at the very time that this request came: that is no answer to this request.
                // Of a new one it died under the request, as in a restart: who only looks may look once more.
                if (end != ExchangeEnd.Died || !shape.IsRepeatable || exchange.WasAnswered || (!isUsed && (hasFailedAnew || !shape.IsSafe)))
                    return Explain(end, exchange, context, route);
                hasFailedAnew |= !isUsed;
                connection = null;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(head.Buffer);
        }
    }

    private async ValueTask<InstanceConnection> ConnectAsync(HttpContext context, Route route)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(options.ConnectTimeout);
        var connection = new InstanceConnection(await connector.ConnectAsync(route, patience.Token), options.Time) { InstanceId = route.InstanceId, IsPrompt = true };
        pool.Add(connection);
        return connection;
    }

    private GatewayAnswer? Explain(Exception failure, HttpContext context, Route route)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return null;
        return failures.Tell(failure switch
        {
            NoWayInException => GatewayAnswer.NoWayIn,
            NoRoomException => GatewayAnswer.NoRoom,
            _ => GatewayAnswer.Unreachable,
        }, failure, context, route);
    }

    private GatewayAnswer? Explain(ExchangeEnd end, Exchange exchange, HttpContext context, Route route)
    {
        if (exchange.Failure is not { } failure)
            return null;
        if (end == ExchangeEnd.Done)
        {
            failures.Cut(failure, route);
            return null;
        }

        if (end == ExchangeEnd.ClientFailed)
            return failures.OfClient(failure, context, route);
        return failures.Tell(end == ExchangeEnd.TimedOut ? GatewayAnswer.TimedOut : GatewayAnswer.Cut, failure, context, route);
    }
}
