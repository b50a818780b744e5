using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Tenantry.Server.Gateway.Strictness;

/// <summary>
/// Reads HTTP/1.1 requests before Kestrel does and lets through only what has one meaning (RFC 9112): whoever sits before or behind this
/// gateway must not see other borders between requests than it does. A request that is refused reaches the application as an empty one
/// with <see cref="Refusal"/> set, after those before it have been answered, and its connection is closed.
/// </summary>
internal sealed class RequestGuard : IDuplexPipe
{
    private readonly IDuplexPipe transport;
    private readonly Socket? socket;
    private FirstAnswerFirst? first;
    private bool isPrompt;
    private bool isLong;
    private bool isUnpaused;
    private readonly CancellationTokenSource left = new();

    private RequestGuard(ConnectionContext connection, TimeSpan headTimeout)
    {
        transport = connection.Transport;
        // The arithmetic of TLS takes long.
        Client = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        socket = connection.Features.Get<ITlsConnectionFeature>() is null ? Client : null;
        SetPace();
        Input = new GuardedReader(transport.Input, this, headTimeout);
    }

    /// <summary>Why the present request is refused, or null.</summary>
    public GatewayAnswer? Refusal { get; set; }

    /// <summary>Header names that the present request's Connection header lists, beside the usual ones; null when there are none.</summary>
    public string[]? Listed { get; set; }

    /// <summary>True once the connection carries another protocol.</summary>
    public bool IsSwitched { get; private set; }

    /// <summary>The present request may go on for long: what waits for the client does so in the pool (<see cref="PollingThread"/>).</summary>
    public bool IsLong
    {
        get => isLong;
        set
        {
            isLong = value;
            SetPace();
        }
    }

    /// <summary>The client sends without a pause: it is read in the pool.</summary>
    public bool IsUnpaused
    {
        get => isUnpaused;
        set
        {
            isUnpaused = value;
            SetPace();
        }
    }

    /// <summary>The connection to the client, which carries one request at a time; null where it is no socket.</summary>
    public Socket? Client { get; }

    public PipeReader Input { get; }

    public PipeWriter Output => transport.Output;

    public static void Use(ListenOptions listener, TimeSpan headTimeout, Drain drain) => listener.Use(next => connection => GuardAsync(next, connection, headTimeout, drain));

    /// <summary>A request has come: the connection may be asked to end after it.</summary>
    public void Begin() => first?.Begin();

    /// <summary>Call before the switch to another protocol: what follows is no HTTP.</summary>
    public void Switch() => IsSwitched = true;

    private static async Task GuardAsync(ConnectionDelegate next, ConnectionContext connection, TimeSpan headTimeout, Drain drain)
    {
        if (PriorKnowledge.IsHttp2(connection))
        {
            await next(connection);
            return;
        }

        var guard = new RequestGuard(connection, headTimeout);
        var closed = connection.ConnectionClosed;
        await using var leaving = closed.UnsafeRegister(static guard => ((RequestGuard)guard!).Leave(), guard);
        connection.Features.Set(guard);
        var lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();
        using var first = lifetime is null ? null : new FirstAnswerFirst(lifetime, drain);
        if (first is not null)
            connection.Features.Set<IConnectionLifetimeNotificationFeature>(guard.first = first);
        connection.Transport = guard;
        connection.ConnectionClosed = guard.left.Token;
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Features.Set(lifetime);
            connection.Transport = guard.transport;
            connection.ConnectionClosed = closed;
        }
    }

    private void SetPace()
    {
        var should = !isLong && !isUnpaused && !IsSwitched;
        if (socket is null || should == isPrompt)
            return;
        isPrompt = should;
        PollingThread.SetPrompt(socket, should);
    }

    private void Leave()
    {
        // An end may be half of one in the protocol that the connection carries now.
        if (!IsSwitched)
            left.Cancel();
    }
}
